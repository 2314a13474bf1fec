import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { startScriptedOllama } from "@banterwire/sidecar/testing";
import { afterEach, describe, expect, test, vi } from "vitest";
import {
  type Banterwire,
  banterwire,
  childrenOf,
  COMMAND,
  isAlive,
  SILENT_HOST,
  soon,
  statusOf,
  warm,
} from "./banterwire.ts";

vi.setConfig({ testTimeout: 120_000 });

const started: Banterwire[] = [];

afterEach(async () => {
  for (const { child, ended } of started.splice(0)) {
    child.kill("SIGKILL");
    await ended;
  }
});

function serve(args: readonly string[], options?: Parameters<typeof banterwire>[1]): Banterwire {
  const running = banterwire(["serve", "--port", "0", ...args], options);
  started.push(running);
  return running;
}

/** The one process that the sidecar has started: the embedded model. */
async function embeddedOf({ child }: Banterwire): Promise<number> {
  const [pid, ...others] = childrenOf(child.pid);
  if (pid === undefined || others.length > 0) throw new Error("not one embedded model");
  return pid;
}

/** The process is gone, and nobody listens where it did. */
async function expectGone(pid: number, url: string | null): Promise<void> {
  await soon(() => expect(isAlive(pid)).toBe(false));
  await expect(fetch(`${url}/api/version`)).rejects.toThrow("fetch failed");
}

describe("banterwire serve without an Ollama", () => {
  test("says where it listens, serves with the embedded model, and starts that again if it is killed", async () => {
    const sidecar = serve([]);
    const origin = await sidecar.origin;
    const first = await warm(origin);
    expect(first.endpoints[0]).toMatchObject({ kind: "embedded", trouble: null });
    const pid = await embeddedOf(sidecar);
    process.kill(pid, "SIGKILL");
    await soon(async () =>
      expect((await statusOf(origin)).endpoints[0].url).not.toBe(first.endpoints[0].url),
    );
    await warm(origin);
    expect(await embeddedOf(sidecar)).not.toBe(pid);
  });

  test.each(["SIGTERM", "SIGINT"] as const)(
    "ends at %s with code 0, its model and its port with it",
    async (signal) => {
      const sidecar = serve([]);
      const origin = await sidecar.origin;
      const [endpoint] = (await warm(origin)).endpoints;
      const pid = await embeddedOf(sidecar);
      sidecar.child.kill(signal);
      expect(await sidecar.ended).toBe(0);
      await expectGone(pid, endpoint.url);
      await expect(fetch(`${origin}/healthz`)).rejects.toThrow("fetch failed");
      expect(sidecar.output.err).toBe("");
    },
  );

  test("killed with no good-bye leaves no embedded model behind", async () => {
    const sidecar = serve([]);
    const [endpoint] = (await warm(await sidecar.origin)).endpoints;
    const pid = await embeddedOf(sidecar);
    sidecar.child.kill("SIGKILL");
    expect(await sidecar.ended).toBe("SIGKILL");
    await expectGone(pid, endpoint.url);
  });

  test("stopped while the embedded model still starts leaves none behind", async () => {
    const sidecar = serve([]);
    await sidecar.origin;
    const pid = await soon(() => embeddedOf(sidecar));
    sidecar.child.kill("SIGTERM");
    expect(await sidecar.ended).toBe(0);
    expect(isAlive(pid)).toBe(false);
  });
});

describe("banterwire serve with an Ollama", () => {
  test("that is named and silent says so and never starts another", async () => {
    const sidecar = serve(["--ollama", `http://${SILENT_HOST}`]);
    const origin = await sidecar.origin;
    await soon(async () => {
      expect((await statusOf(origin)).endpoints[0]).toMatchObject({
        kind: "ollama",
        state: "down",
        trouble: { code: "ollama_silent", remedy: expect.stringContaining("ollama serve") },
      });
    });
    expect(childrenOf(sidecar.child.pid)).toEqual([]);
    expect(sidecar.output.out).toContain("ollama_silent");
  });

  test("at OLLAMA_HOST, written without a scheme, uses that one", async () => {
    const ollama = await startScriptedOllama();
    const sidecar = serve([], { env: { OLLAMA_HOST: `localhost:${ollama.port}` } });
    const [endpoint] = (await warm(await sidecar.origin)).endpoints;
    expect(endpoint).toMatchObject({ kind: "ollama", model: "scripted:latest" });
    expect(childrenOf(sidecar.child.pid)).toEqual([]);
    await ollama.close();
  });

  test("that lacks the model that was named says what to do", async () => {
    const ollama = await startScriptedOllama();
    const sidecar = serve(["--ollama", ollama.origin, "--model", "gemma3:1b"]);
    const origin = await sidecar.origin;
    await soon(async () => {
      const { trouble } = (await statusOf(origin)).endpoints[0];
      expect(trouble?.message).toContain("gemma3:1b");
      expect(trouble?.remedy).toContain("ollama pull gemma3:1b");
    });
    await ollama.close();
  });
});

describe("the end of its parent", () => {
  test("by a channel that closes ends it with code 0", async () => {
    const sidecar = serve(["--ollama", `http://${SILENT_HOST}`], { ipc: true });
    await sidecar.origin;
    sidecar.child.disconnect();
    expect(await sidecar.ended).toBe(0);
  });

  test("right after a signal does not cut its good-bye short", async () => {
    const sidecar = serve(["--ollama", `http://${SILENT_HOST}`], { ipc: true });
    await sidecar.origin;
    sidecar.child.kill("SIGTERM");
    sidecar.child.disconnect();
    expect(await sidecar.ended).toBe(0);
  });

  test("by SIGKILL, which breaks its pipes too, ends it after it has given back what it borrowed", async () => {
    const ollama = await startScriptedOllama();
    const script = `
      const { spawn } = require("node:child_process");
      const args = [process.argv[1], "serve", "--port", "0", "--ollama", process.argv[2]];
      const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "pipe", "ipc"] });
      console.log(child.pid);
    `;
    const parent = spawn(process.execPath, ["--eval", script, COMMAND, ollama.origin]);
    const [line] = (await once(parent.stdout, "data")) as [Buffer];
    const pid = Number(String(line));
    await soon(() => expect(ollama.books.opens).toBeGreaterThan(1));
    parent.kill("SIGKILL");
    await soon(() => expect(isAlive(pid)).toBe(false));
    const last = ollama.books.received.at(-1);
    expect(last?.path).toBe("/api/generate");
    expect(last?.body).not.toHaveProperty("keep_alive");
    await ollama.close();
  });
});

describe("what its user can mend", () => {
  test("a busy port is exit code 3 and a remedy", async () => {
    const other = createServer().listen(0, "127.0.0.1");
    await once(other, "listening");
    const { port } = other.address() as AddressInfo;
    const { ended, output } = banterwire(["serve", "--port", String(port)]);
    expect(await ended).toBe(3);
    expect(output.err).toContain(`Port ${port}`);
    expect(output.err).toContain("--port");
    other.close();
  });

  test.each([
    ["an unknown flag", ["serve", "--colour"]],
    ["a port that is none", ["serve", "--port", "70000"]],
    ["an Ollama that is no address", ["serve", "--ollama", "http://"]],
    ["no command", []],
    ["an unknown command", ["sing"]],
  ])("%s is exit code 2, and said", async (_what, args) => {
    const { ended, output } = banterwire(args);
    expect(await ended).toBe(2);
    expect(output.err).not.toBe("");
    expect(output.err).not.toContain("    at ");
  });

  test("an open address without a token is exit code 2 and a remedy, with one it listens", async () => {
    const { ended, output } = banterwire(["serve", "--port", "0", "--host", "0.0.0.0"]);
    expect(await ended).toBe(2);
    expect(output.err).toContain("BANTERWIRE_TOKEN");
    const env = { BANTERWIRE_TOKEN: "0123456789abcdef0123456789abcdef" };
    const sidecar = serve(["--host", "0.0.0.0", "--ollama", `http://${SILENT_HOST}`], { env });
    await expect(sidecar.origin).resolves.toContain("http://0.0.0.0:");
  });

  test("--help and --version are exit code 0", async () => {
    for (const flag of ["--help", "--version"]) {
      const { ended, output } = banterwire([flag]);
      expect(await ended).toBe(0);
      expect(output.out).not.toBe("");
    }
  });
});
