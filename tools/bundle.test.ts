import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { isBuiltin } from "node:module";
import { dirname, join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";

const run = promisify(execFile);
const ROOT = dirname(import.meta.dirname);
/** Where packages can be resolved from, and nothing is packed. */
const CACHE = join(ROOT, "node_modules", ".cache");
const PACKAGE = /^.*\/node_modules\/((?:@[^/]+\/)?[^/]+)/u;

let folder: string;
let code: string;

beforeAll(async () => {
  await mkdir(CACHE, { recursive: true });
  folder = await mkdtemp(join(CACHE, "bundle-test-"));
  await run(process.execPath, [join(ROOT, "tools", "bundle.ts"), folder]);
  code = await readFile(join(folder, "main.cjs"), "utf8");
});

afterAll(() => rm(folder, { recursive: true, force: true }));

/** What the bundle loads by name, Node's own modules aside. */
function loadedPackages(): Set<string> {
  const specifiers = [...code.matchAll(/\b(?:require|import)\("([^"./][^"]*)"\)/gu)].flatMap(
    ([, specifier = ""]) => (isBuiltin(specifier) ? [] : [specifier]),
  );
  return new Set(
    specifiers.map((specifier) =>
      specifier
        .split("/")
        .slice(0, specifier.startsWith("@") ? 2 : 1)
        .join("/"),
    ),
  );
}

/** Packages whose code is in the bundle, with their folders. */
function bundledPackages(): Map<string, string> {
  const { sources } = JSON.parse(readFileSync(join(folder, "main.cjs.map"), "utf8")) as {
    sources: string[];
  };
  const found = new Map<string, string>();
  for (const source of sources) {
    const [path, name] = PACKAGE.exec(resolve(folder, source)) ?? [];
    if (path !== undefined && name !== undefined) found.set(name, path);
  }
  return found;
}

test("what reads the network's bytes is loaded as the package it is, and so can be replaced", () => {
  const loaded = loadedPackages();
  for (const name of ["ws", "undici", "msgpackr"]) {
    expect(loaded).toContain(name);
    expect(bundledPackages().has(name)).toBe(false);
  }
});

test("whatever the bundle loads is a dependency of the sidecar", () => {
  const manifest = readFileSync(join(ROOT, "sidecar", "package.json"), "utf8");
  const { dependencies } = JSON.parse(manifest) as { dependencies: Record<string, string> };
  expect([...loadedPackages()].filter((name) => !(name in dependencies))).toEqual([]);
});

test("the licence text of each bundled package stands beside the bundle", async () => {
  const notices = await readFile(join(folder, "THIRD-PARTY-LICENSES.txt"), "utf8");
  const bundled = bundledPackages();
  expect(bundled.has("zod")).toBe(true);
  for (const [name, path] of bundled) {
    expect(notices).toMatch(new RegExp(`^${name} \\d`, "mu"));
    const license = readdirSync(path).find((file) => /^licen[cs]e/iu.test(file)) ?? "";
    expect(notices).toContain(readFileSync(join(path, license), "utf8").trim());
  }
});

test("a sidecar that listens has loaded no module that it has no use for", async () => {
  const [probe, loaded] = [join(folder, "probe.cjs"), join(folder, "loaded.json")];
  await writeFile(
    probe,
    `process.on("exit", () => require("node:fs").writeFileSync(${JSON.stringify(loaded)}, JSON.stringify({
      builtin: process.moduleLoadList,
      files: Object.keys(require("node:module")._cache),
    })));`,
  );
  const main = join(folder, "main.cjs");
  const flags = ["serve", "--port", "0", "--ollama", "http://127.0.0.1:9"];
  const child = spawn(process.execPath, ["--require", probe, main, ...flags], {
    stdio: ["ignore", "pipe", "inherit"],
    env: { PATH: process.env["PATH"] },
  });
  const closed = once(child, "close");
  createInterface(child.stdout).on("line", (line) => {
    if (line.includes('"msg":"listening"')) child.kill("SIGTERM");
  });
  await closed;
  const { builtin, files } = JSON.parse(await readFile(loaded, "utf8")) as Record<
    "builtin" | "files",
    string[]
  >;
  expect(files.some((file) => file.endsWith("undici/lib/dispatcher/pool.js"))).toBe(true);
  const unused = /undici\/(index|lib\/(web|mock|cache|interceptor))|\/(yaml|pino-pretty)\//u;
  expect(files.filter((file) => unused.test(file))).toEqual([]);
  expect(builtin.filter((name) => name.includes("deps/undici"))).toEqual([]);
});
