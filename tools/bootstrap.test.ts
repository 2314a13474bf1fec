import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { hostname, tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { isEnough } from "./bootstrap/find-node.mjs";

const LOCK_FILE = {
  packages: { "": {}, "node_modules/ws": { version: "1.0.0", integrity: "sha512-a" } },
};

/** Records its call, then installs, fails or never ends, as FAKE_NPM says. */
const FAKE_NPM = `#!/usr/bin/env node
const fs = require("node:fs");
if (process.argv[2] === "--version") { console.log(process.env.FAKE_NPM_VERSION ?? "11.0.0"); process.exit(0); }
fs.appendFileSync("npm-calls.log", process.argv.slice(2).join(" ") + "\\n");
console.error("npm warn something that nobody can change");
const mode = process.env.FAKE_NPM ?? "install";
if (mode === "hang") { fs.writeFileSync("npm.pid", String(process.pid)); setInterval(() => {}, 1000); }
else if (mode !== "install") { console.error(mode); process.exit(1); }
else {
  while (process.env.FAKE_NPM_WAITS_FOR && !fs.existsSync(process.env.FAKE_NPM_WAITS_FOR))
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 20);
  fs.mkdirSync("node_modules/vitest", { recursive: true });
  fs.writeFileSync("node_modules/vitest/vitest.mjs", "console.log('vitest', ...process.argv.slice(2))");
  fs.copyFileSync("package-lock.json", "node_modules/.package-lock.json");
}
`;

/** Says its pid, then records the signals it gets; STUB_ENDS says how it answers the first one. */
const STUB_START = `
import { appendFileSync } from "node:fs";
const ends: string = process.env.STUB_ENDS ?? "";
if (ends.startsWith("code ")) process.exit(Number(ends.slice(5)));
if (ends === "by signal") process.kill(process.pid, "SIGKILL");
process.on("disconnect", () => process.exit(0));
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
  process.on(signal, () => {
    appendFileSync("signals.log", signal + "\\n");
    if (ends === "slowly") { process.send?.("stopping"); setTimeout(() => process.exit(7), 4_000); }
    else process.exit(7);
  });
}
console.log("pid " + process.pid + " args " + JSON.stringify(process.argv.slice(2)) + " conditions " + process.execArgv);
`;

let root = "";
let started: ChildProcess[] = [];

beforeEach(() => {
  root = realpathSync(mkdtempSync(join(tmpdir(), "banter wire ")));
  const tools = join(root, "tools");
  cpSync(join(import.meta.dirname, "bootstrap.mjs"), join(tools, "bootstrap.mjs"));
  cpSync(join(import.meta.dirname, "bootstrap"), join(tools, "bootstrap"), { recursive: true });
  write("package-lock.json", JSON.stringify(LOCK_FILE));
  write("sample-game/src/start.ts", STUB_START);
  write("bin/npm", FAKE_NPM);
});

afterEach(() => {
  for (const child of started) child.kill("SIGKILL");
  started = [];
  rmSync(root, { recursive: true, force: true });
});

function write(path: string, text: string): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), text, { mode: 0o755 });
}

function read(path: string): string {
  return existsSync(join(root, path)) ? readFileSync(join(root, path), "utf8") : "";
}

function installed(): void {
  write("node_modules/.package-lock.json", JSON.stringify(LOCK_FILE));
}

/** So that a child which a busy machine keeps from its signal for a while is not sent another. */
function lengthenSignalGrace(): void {
  const path = "tools/bootstrap/child.mjs";
  const lengthened = read(path).replace("SIGNAL_GRACE_MS = 400", "SIGNAL_GRACE_MS = 3_000");
  expect(lengthened).toContain("3_000");
  write(path, lengthened);
}

function begin(args: string[], env: Record<string, string> = {}): ChildProcess {
  const { npm_execpath: _, npm_lifecycle_event: __, ...outer } = process.env;
  const child = spawn(process.execPath, [join(root, "tools", "bootstrap.mjs"), ...args], {
    cwd: tmpdir(),
    env: { ...outer, ...env, PATH: [join(root, "bin"), outer["PATH"]].join(delimiter) },
    stdio: ["ignore", "pipe", "pipe"],
    detached: true,
  });
  started.push(child);
  return child;
}

type Ending = { code: number; stdout: string; stderr: string };

async function ending(child: ChildProcess): Promise<Ending> {
  let stdout = "";
  let stderr = "";
  child.stdout?.setEncoding("utf8").on("data", (text: string) => (stdout += text));
  child.stderr?.setEncoding("utf8").on("data", (text: string) => (stderr += text));
  const [code] = await once(child, "close");
  return { code, stdout, stderr };
}

function run(args: string[], env: Record<string, string> = {}): Promise<Ending> {
  return ending(begin(args, env));
}

/** Resolves when it says that it waits for another installation. */
function untilItWaits(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    let said = "";
    child.stderr?.on("data", (text: string) => {
      said += text;
      if (said.includes("Waiting for another installation")) resolve();
    });
  });
}

/** The pid that the stub says once it listens for signals. */
async function stubPid(child: ChildProcess): Promise<number> {
  const [text] = await once(child.stdout ?? child, "data");
  const [, pid] = /^pid (\d+)/.exec(String(text)) ?? [];
  return Number(pid);
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 20));
}

describe("installing", () => {
  test("node_modules is missing: npm ci runs once, without its warnings, then the command", async () => {
    const { code, stdout, stderr } = await run(["test", "a b", "--flag"]);
    expect(stdout).toBe("vitest run a b --flag\n");
    expect(stderr).toMatch(/Installing dependencies/);
    expect(stderr).not.toMatch(/nobody can change/);
    expect(read("npm-calls.log")).toMatch(/^ci .*\n$/);
    expect(code).toBe(0);
  });

  test("what is installed is what the lock file asks for: npm does not run, whatever the files' times", async () => {
    installed();
    write("package-lock.json", JSON.stringify(LOCK_FILE, null, 2));
    const { code, stderr } = await run(["start"], { STUB_ENDS: "code 0" });
    expect(read("npm-calls.log")).toBe("");
    expect(stderr).toBe("");
    expect(code).toBe(0);
  });

  test("the lock file asks for another version: npm ci runs again", async () => {
    installed();
    const newer = { packages: { "node_modules/ws": { version: "1.0.1", integrity: "sha512-b" } } };
    write("package-lock.json", JSON.stringify(newer));
    await run(["start"], { STUB_ENDS: "code 0" });
    expect(read("npm-calls.log")).toMatch(/^ci /);
  });

  test("a package is not there: npm ci runs, unless the package is optional", async () => {
    installed();
    const other = { version: "2.0.0", integrity: "sha512-c" };
    const packages = LOCK_FILE.packages;
    write(
      "package-lock.json",
      JSON.stringify({ packages: { ...packages, "node_modules/b": { ...other, optional: true } } }),
    );
    await run(["start"], { STUB_ENDS: "code 0" });
    expect(read("npm-calls.log")).toBe("");
    write(
      "package-lock.json",
      JSON.stringify({ packages: { ...packages, "node_modules/b": other } }),
    );
    await run(["start"], { STUB_ENDS: "code 0" });
    expect(read("npm-calls.log")).toMatch(/^ci /);
  });

  test("an installation cut off in the middle is done again by the next start", async () => {
    installed();
    write(
      "package-lock.json",
      JSON.stringify({ packages: { "node_modules/ws": { version: "9.0.0" } } }),
    );
    const first = begin(["test"], { FAKE_NPM: "hang" });
    await until(() => read("npm.pid") !== "");
    const ended = ending(first);
    process.kill(first.pid ?? 0, "SIGTERM");
    const { code, stderr } = await ended;
    expect(code).toBe(143);
    expect(stderr).toMatch(/interrupted/);
    expect(isAlive(Number(read("npm.pid")))).toBe(false);
    expect((await run(["test"])).code).toBe(0);
    expect(read("npm-calls.log").match(/^ci /gm)).toHaveLength(2);
  });

  test("two starts at once install once, and both run", async () => {
    const gate = join(root, "the second one waits");
    const children = [1, 2].map(() => begin(["test"], { FAKE_NPM_WAITS_FOR: gate }));
    const endings = Promise.all(children.map(ending));
    await Promise.race(children.map(untilItWaits));
    writeFileSync(gate, "");
    const runs = await endings;
    expect(runs.map(({ code }) => code)).toEqual([0, 0]);
    expect(read("npm-calls.log").match(/^ci /gm)).toHaveLength(1);
    expect(runs.map(({ stderr }) => stderr).join("")).toMatch(/Waiting for another installation/);
    expect(existsSync(join(root, ".install-lock"))).toBe(false);
  });

  test("a lock whose owner is dead does not stop the next start", async () => {
    const dead = spawn(process.execPath, ["-e", "0"]);
    await once(dead, "exit");
    write(".install-lock/owner.json", JSON.stringify({ host: hostname(), pids: [dead.pid] }));
    expect((await run(["test"])).code).toBe(0);
  });
});

describe("a failing installation says what failed and what to do", () => {
  test.each([
    [
      "npm error code ENOTFOUND\nnpm error network request failed",
      /registry could not be reached/,
      /network/,
    ],
    ["npm error code ENOSPC", /disk is full/, /Free/],
    ["npm error code EACCES\nnpm error path /x", /could not be written/, /Do not use sudo/],
    [
      "npm error code EUSAGE\nnpm error `npm ci` can only install packages when in sync",
      /do not fit/,
      /git checkout/,
    ],
    ["npm error something new", /npm ci failed/, /words below/],
  ])("%s", async (words, what, remedy) => {
    const { code, stderr } = await run(["start"], { FAKE_NPM: words });
    expect(stderr).toMatch(what);
    expect(stderr).toMatch(remedy);
    expect(stderr).toContain(words);
    expect(stderr).not.toMatch(/at .*\.mjs:/);
    expect(code).toBe(1);
    expect(existsSync(join(root, ".install-lock"))).toBe(false);
  });

  test("an npm that is too old is named as the cause", async () => {
    const { stderr } = await run(["start"], {
      FAKE_NPM: "npm ERR! odd",
      FAKE_NPM_VERSION: "6.14.18",
    });
    expect(stderr).toMatch(/npm 6\.14\.18 is too old/);
    expect(stderr).toMatch(/npm install --global npm@11/);
  });

  test("no npm at all", async () => {
    rmSync(join(root, "bin", "npm"));
    const { code, stderr } = await ending(
      spawn(process.execPath, [join(root, "tools", "bootstrap.mjs"), "start"], {
        env: { PATH: join(root, "bin") },
      }),
    );
    expect(stderr).toMatch(/npm was not found/);
    expect(code).toBe(1);
  });
});

describe("finding Node", () => {
  test("the one that npm installed comes first, if it runs and is new enough", async () => {
    installed();
    write(
      "node_modules/node/bin/node",
      `#!/bin/sh\n[ "$1" = --version ] && echo v24.0.0 || echo "ours $*"\n`,
    );
    expect((await run(["start"])).stdout).toMatch(
      /^ours --conditions=@banterwire\/source .*start\.ts/,
    );
  });

  test.each([
    ["does not run here", "#!/nowhere/loader\n"],
    ["is too old", "#!/bin/sh\necho v22.18.0\n"],
  ])("the system's serves when that one %s", async (_, binary) => {
    installed();
    write("node_modules/node/bin/node", binary);
    expect((await run(["start"], { STUB_ENDS: "code 3" })).code).toBe(3);
  });

  test("22.19 is the oldest that will do", () => {
    const versions = ["v20.19.5", "v22.18.9", "v22.19.0", "v24.0.0", "v100.0.0", ""];
    expect(versions.map((version) => isEnough(version))).toEqual([
      false,
      false,
      true,
      true,
      true,
      false,
    ]);
  });
});

describe("running", () => {
  test("arguments pass through, the source condition is set, and the tools of node_modules come first", async () => {
    installed();
    const child = begin(["start", "--model", "a b"]);
    const [text] = await once(child.stdout ?? child, "data");
    expect(String(text)).toMatch(
      /args \["--model","a b"\] conditions --conditions=@banterwire\/source/,
    );
  });

  test("the child's exit code is ours, 128 + the number when a signal ended it", async () => {
    installed();
    expect((await run(["start"], { STUB_ENDS: "code 42" })).code).toBe(42);
    expect((await run(["start"], { STUB_ENDS: "by signal" })).code).toBe(137);
  });

  test("an unknown command names the known ones", async () => {
    const { code, stderr } = await run(["stat"]);
    expect(stderr).toMatch(/Unknown command "stat"[^]*start \| test/);
    expect(code).toBe(2);
  });
});

describe("stopping", () => {
  test.each(["SIGINT", "SIGTERM", "SIGHUP"] as const)(
    "%s to the bootstrap alone reaches the child once",
    async (signal) => {
      installed();
      const child = begin(["start"]);
      const pid = await stubPid(child);
      const ended = ending(child);
      child.kill(signal);
      expect((await ended).code).toBe(7);
      expect(read("signals.log")).toBe(`${signal}\n`);
      expect(isAlive(pid)).toBe(false);
    },
  );

  test.each(["at once", "slowly"])(
    "a signal to the whole group reaches a child that ends %s once",
    async (ends) => {
      installed();
      lengthenSignalGrace();
      const child = begin(["start"], { STUB_ENDS: ends });
      const pid = await stubPid(child);
      const ended = ending(child);
      process.kill(-(child.pid ?? 0), "SIGINT");
      expect((await ended).code).toBe(7);
      expect(read("signals.log")).toBe("SIGINT\n");
      expect(isAlive(pid)).toBe(false);
    },
  );

  test("a kill -9 of the npm that runs the bootstrap ends the child as well", async () => {
    installed();
    // As npm does it: a process of its own, a shell, and in it the bootstrap.
    const script = `require("node:child_process").spawn("sh", ["-c", process.argv[1] + "; exit"], { stdio: "inherit" })`;
    const command = `"${process.execPath}" "${join(root, "tools", "bootstrap.mjs")}" start`;
    const npm = spawn(process.execPath, ["-e", script, command], {
      env: { ...process.env, npm_lifecycle_event: "start" },
      stdio: ["ignore", "pipe", "inherit"],
    });
    started.push(npm);
    const pid = await stubPid(npm);
    npm.kill("SIGKILL");
    await until(() => !isAlive(pid));
    expect(read("signals.log")).toBe("SIGTERM\n");
  });

  test("a kill -9 of the bootstrap closes the child's channel, so that it ends", async () => {
    installed();
    const child = begin(["start"]);
    const pid = await stubPid(child);
    child.kill("SIGKILL");
    await until(() => !isAlive(pid));
    expect(read("signals.log")).toBe("");
  });
});
