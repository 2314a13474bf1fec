import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { once } from "node:events";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { flagOf, variableOf } from "../config/names.ts";
import { referencePage } from "../config/reference.ts";
import { KEYS } from "../config/settings.ts";
import { BanterwireProcess } from "../testing/banterwire-process.ts";

/** Each test starts a process or two, on machines of any speed. */
vi.setConfig({ testTimeout: 120_000 });

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "banterwire-"));
});

afterEach(() => rmSync(folder, { recursive: true }));

async function run(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const command = new BanterwireProcess(args, env, folder);
  const code = await command.exitCode();
  return { code, stdout: command.stdout, stderr: command.stderr };
}

function withoutSources(printed: string): string {
  return printed.replaceAll(/ *#.*$/gmu, "");
}

describe("--help", () => {
  test("has every flag and every variable", async () => {
    const { code, stdout } = await run(["serve", "--help"]);
    expect(code).toBe(0);
    for (const key of KEYS) {
      expect(stdout).toContain(flagOf(key) ?? "--help");
      expect(stdout).toContain(variableOf(key));
    }
    for (const flag of ["--ollama", "--model", "--port", "--slots", "--budget-ms", "--cards"]) {
      expect(stdout).toMatch(new RegExp(`^  ${flag} <`, "mu"));
    }
  });

  test("tells the exit codes", async () => {
    const { stdout } = await run(["--help"]);
    expect(stdout).toMatch(/^Exit codes: 0 .*; 1 .*; 2 .*configuration; 3 .*$/mu);
  });
});

test("a reader that has seen enough is no fault", async () => {
  const command = new BanterwireProcess(["simulate", "--minutes", "1"], {}, folder);
  command.child.stdout?.destroy();
  expect(await command.exitCode()).toBe(0);
  expect(command.stderr).toBe("");
});

describe("wrong settings", () => {
  test("are told all at once, each with its source, and the exit code is 2", async () => {
    writeFileSync(join(folder, "b.yaml"), "port: 70000\nslotz: 2\n");
    const args = ["serve", "--config", "b.yaml", "--budget-ms", "0", "--host", "0.0.0.0"];
    const { code, stdout, stderr } = await run(args, { BANTERWIRE_LOG_LEVEL: "loud" });
    expect(code).toBe(2);
    expect(stdout).toBe("");
    const file = join(folder, "b.yaml");
    expect(stderr.split("\n")).toEqual([
      "banterwire: The configuration is wrong in 5 places:",
      `  slotz (file ${file}, line 2): no setting has this name; the nearest is 'slots'.`,
      `  port is '70000' (file ${file}, line 1): a whole number from 0 to 65535 is due.`,
      "  budgetMs is '0' (flag --budget-ms): a whole number from 1 to 60000 is due.",
      "  logLevel is 'loud' (environment BANTERWIRE_LOG_LEVEL): one of debug, info, warn, error, silent is due.",
      expect.stringMatching(/^ {2}host is '0\.0\.0\.0' \(flag --host\): without a token /u),
      "See what is allowed with: banterwire serve --help",
      "",
    ]);
  });

  test("are an unknown flag, with the nearest one named", async () => {
    const { code, stderr } = await run(["serve", "--budget", "100"]);
    expect(code).toBe(2);
    expect(stderr).toContain("--budget-ms");
  });

  test("are Ollamas that are named in two ways at once", async () => {
    const endpoints = JSON.stringify({ url: "http://127.0.0.1:2" });
    const flags = ["--ollama", "http://127.0.0.1:1", "--endpoints", endpoints, "--port", "0"];
    const { code, stderr } = await run(["serve", ...flags]);
    expect(code).toBe(2);
    expect(stderr).toContain("endpoints (flag --endpoints): there is `ollama` beside it");
  });

  test("are a configuration file that is not there", async () => {
    const { code, stderr } = await run(["serve"], { BANTERWIRE_CONFIG: "nowhere.yaml" });
    expect(code).toBe(2);
    expect(stderr).toContain("(environment BANTERWIRE_CONFIG): it does not exist.");
  });
});

test("a port that is taken has the exit code 3", async () => {
  const other = createServer().listen(0, "127.0.0.1");
  await once(other, "listening");
  const { port } = other.address() as AddressInfo;
  const { code, stderr } = await run(["serve", "--ollama", "127.0.0.1:1", "--port", String(port)]);
  other.close();
  expect(code).toBe(3);
  expect(stderr).toContain(`Port ${port}`);
});

describe("config print", () => {
  test("shows each value with its source, and no secret", async () => {
    writeFileSync(join(folder, "b.yaml"), "# ours\nmodel: gemma3:1b\ntoken: hunter2\n");
    const { code, stdout } = await run(["config", "print", "--config", "b.yaml", "--slots", "4"], {
      OLLAMA_HOST: "127.0.0.1:9",
    });
    expect(code).toBe(0);
    expect(stdout).not.toContain("hunter2");
    expect(stdout).toMatch(/^slots: 4 +# flag --slots$/mu);
    expect(stdout).toMatch(/^model: gemma3:1b +# file .*b\.yaml, line 2$/mu);
    expect(stdout).toMatch(/^ollamaHost: http:\/\/127\.0\.0\.1:9 +# environment OLLAMA_HOST$/mu);
    expect(stdout).toMatch(/^# token: +# file .*b\.yaml, line 3; a secret$/mu);
    expect(stdout).toMatch(/^port: 7433 +# default$/mu);
  });

  test("prints what the next start can read", async () => {
    const first = await run(["config", "print", "--slots", "4", "--origins", "https://a.example"]);
    writeFileSync(join(folder, "b.yaml"), first.stdout);
    const { stdout } = await run(["config", "print", "--config", "b.yaml"]);
    expect(withoutSources(stdout)).toBe(withoutSources(first.stdout));
  });

  test("refuses what serve would refuse", async () => {
    expect((await run(["config", "print", "--slots", "0"])).code).toBe(2);
  });
});

test("config reference prints the reference page", async () => {
  expect((await run(["config", "reference"])).stdout).toBe(referencePage());
});
