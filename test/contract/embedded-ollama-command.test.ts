import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { once } from "node:events";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { ending, run, start, stop } from "../support/embedded-ollama-process.ts";

async function failure(args: readonly string[]): Promise<{ code: number | null; said: string }> {
  const { code, stderr, stdout } = await ending(run(args));
  expect(stdout).toBe("");
  expect(stderr.trimEnd().split("\n")).toHaveLength(1);
  return { code, said: stderr };
}

describe("the command", () => {
  test("its first line says where it listens, and SIGTERM ends it with 0", async () => {
    const running = await start();
    expect(running.firstLine).toMatch(
      /^embedded-ollama listening on http:\/\/127\.0\.0\.1:\d+ \(model banter-tiny:latest\)$/,
    );
    expect((await fetch(`${running.url}/api/version`)).status).toBe(200);
    expect(await stop(running)).toMatchObject({ code: 0, signal: null, stderr: "" });
  });

  test("SIGINT in the middle of a stream ends it with 0", async () => {
    const running = await start();
    const body = JSON.stringify({ model: "banter-tiny", prompt: 'Kira says: "Hello there."' });
    const response = await fetch(`${running.url}/api/generate`, { method: "POST", body });
    await response.body?.getReader().read();
    running.child.kill("SIGINT");
    expect(await running.ended).toMatchObject({ code: 0, signal: null, stderr: "" });
  });

  test("it ends with the parent that holds its channel", async () => {
    const running = await start([], true);
    running.child.disconnect();
    expect(await running.ended).toMatchObject({ code: 0, signal: null });
  });

  test("a warning says that an address other than loopback is open to others", async () => {
    const running = await start(["--host", "0.0.0.0"]);
    expect((await stop(running)).stderr).toContain("there is no authentication");
  });
});

describe("what stops it from starting is one line, with the remedy and an exit code of its own", () => {
  test("a wrong flag", async () => {
    expect((await failure(["--port", "many"])).code).toBe(2);
  });

  test("a missing file", async () => {
    const { code, said } = await failure(["--port", "0", "--model", "/nowhere/x.gguf"]);
    expect(code).toBe(3);
    expect(said).toContain("/nowhere/x.gguf");
  });

  test("a file that is no GGUF, and one that is cut short", async () => {
    const folder = await mkdtemp(join(tmpdir(), "embedded-ollama-"));
    try {
      for (const content of ["no model", "GGUF\u0003\u0000\u0000\u0000"]) {
        const path = join(folder, "broken.gguf");
        await writeFile(path, content);
        const { code, said } = await failure(["--port", "0", "--model", path]);
        expect(code).toBe(4);
        expect(said).toContain(path);
      }
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  test("a port that is in use", async () => {
    const other = createServer().listen(0, "127.0.0.1");
    await once(other, "listening");
    const address = other.address();
    const port = typeof address === "object" ? String(address?.port) : "";
    const { code, said } = await failure(["--port", port]);
    other.close();
    expect(code).toBe(6);
    expect(said).toContain(`Port ${port} of 127.0.0.1 is in use.`);
  });
});
