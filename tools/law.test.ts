import { spawnSync } from "node:child_process";
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

const ROOT = dirname(import.meta.dirname);

let scratch = "";

beforeAll(() => {
  scratch = realpathSync(mkdtempSync(join(tmpdir(), "banterwire-law-")));
  const left = new Set(["node_modules", "dist", "models", "artifacts"]);
  for (const name of readdirSync(ROOT).filter(
    (name) => !name.startsWith(".git") && !left.has(name),
  )) {
    cpSync(join(ROOT, name), join(scratch, name), {
      recursive: true,
      filter: (path) => !left.has(basename(path)),
    });
  }
  symlinkSync(join(ROOT, "node_modules"), join(scratch, "node_modules"), "junction");
});

afterAll(() => rmSync(scratch, { recursive: true, force: true }));

function plant(file: string, text: string): void {
  mkdirSync(dirname(join(scratch, file)), { recursive: true });
  writeFileSync(join(scratch, file), text);
}

function run(...args: string[]): { failed: boolean; output: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, args, {
    cwd: scratch,
    encoding: "utf8",
  });
  return { failed: status !== 0, output: stdout + stderr };
}

function checkImports(): { failed: boolean; output: string } {
  return run("tools/import-law.ts");
}

function lint(file: string): { failed: boolean; output: string } {
  return run(join("node_modules", "oxlint", "bin", "oxlint"), "--type-aware", file);
}

describe("the import law", () => {
  const breaches: [what: string, file: string, text: string, rule: RegExp][] = [
    [
      "protocol importing another package",
      "protocol/src/planted.ts",
      `import "@banterwire/sidecar";`,
      /protocol may import nothing of ours, not sidecar/,
    ],
    [
      "the plugin importing the sidecar",
      "plugin-colyseus/src/planted.ts",
      `export * from "@banterwire/sidecar";`,
      /plugin-colyseus may import protocol, not sidecar/,
    ],
    [
      "the sidecar importing the plugin",
      "sidecar/src/line/planted.ts",
      `await import("@banterwire/colyseus");`,
      /sidecar may import protocol, not plugin-colyseus/,
    ],
    [
      "the game importing protocol",
      "sample-game/src/planted.ts",
      `import type { Cue } from "@banterwire/protocol";`,
      /sample-game may import plugin-colyseus, not protocol/,
    ],
    [
      "embedded-ollama importing protocol",
      "embedded-ollama/src/planted.ts",
      `export type C = import("@banterwire/protocol").Cue;`,
      /embedded-ollama may import nothing of ours/,
    ],
    [
      "anything importing embedded-ollama",
      "test/planted.ts",
      `import "@banterwire/embedded-ollama";`,
      /nothing imports embedded-ollama/,
    ],
    [
      "a resolved path of a package that is none of its commands",
      "protocol/src/planted-resolve.ts",
      `import.meta.resolve("@banterwire/embedded-ollama/package.json");`,
      /nothing imports embedded-ollama/,
    ],
    [
      "a relative import into another package",
      "bench/planted.ts",
      `import "../sidecar/src/line.ts";`,
      /no relative import leaves a package's folder/,
    ],
    [
      "a deep path that is no public entry",
      "test/planted-deep.ts",
      `import "@banterwire/protocol/src/codec.ts";`,
      /only public entries/,
    ],
    [
      "an undeclared dependency",
      "protocol/src/planted-bare.ts",
      `const u = require("undici");`,
      /every package that protocol imports is a declared dependency/,
    ],
    [
      "a development dependency in a source",
      "protocol/src/planted-dev.ts",
      `import fc from "fast-check";`,
      /serves \*\.test\.ts only/,
    ],
    [
      "a lower layer importing a higher one",
      "sidecar/src/line/planted-up.ts",
      `import type { Session } from "../session.ts";`,
      /downwards only.*line may not import session/,
    ],
    [
      "layers side by side",
      "sidecar/src/upstream/planted.ts",
      `import "../characters/prompt.ts";`,
      /downwards only.*upstream may not import characters/,
    ],
    [
      "a line knowing the engine",
      "sidecar/src/line/planted-engine.ts",
      `import "../upstream/ollama-chat.ts";`,
      /only by its interface/,
    ],
    [
      "a line knowing the embedded server",
      "sidecar/src/line/planted-embedded.ts",
      `import "../embedded.ts";`,
      /for server and cli alone/,
    ],
    [
      "a line knowing who listens",
      "sidecar/src/line/planted-observer.ts",
      `import "../observe/metrics.ts";`,
      /observe is for server alone/,
    ],
    [
      "a public entry handing out the metrics",
      "sidecar/src/index/planted-observer.ts",
      `import "../observe/metrics.ts";`,
      /observe is for server alone/,
    ],
    [
      "a simulation of the sidecar's lines, which is not one of its policy",
      "sidecar/src/simulate/planted.ts",
      `import "../line.ts";`,
      /simulate may import policy and leaves alone/,
    ],
    ["a file without a layer", "sidecar/src/planted.ts", `import "./line.ts";`, /planted is none/],
    [
      "a Node module in policy",
      "sidecar/src/policy/planted.ts",
      `import "node:fs";`,
      /are pure: no I\/O/,
    ],
    [
      "a package in policy",
      "sidecar/src/policy/planted-package.ts",
      `import "undici";`,
      /are pure: no I\/O/,
    ],
    [
      "an impure leaf in policy",
      "sidecar/src/policy/planted-leaf.ts",
      `import "../log.ts";`,
      /policy is pure.*log is not/,
    ],
    [
      "a timer in policy",
      "sidecar/src/policy/planted-timer.ts",
      `export const t = setTimeout(() => {}, 1);`,
      /no timers/,
    ],
    [
      "an immediate in policy",
      "sidecar/src/policy/planted-immediate.ts",
      `setImmediate(() => {});`,
      /no timers/,
    ],
    [
      "a microtask in policy",
      "sidecar/src/policy/planted-microtask.ts",
      `queueMicrotask(() => {});`,
      /no timers/,
    ],
    [
      "Date.now() in policy",
      "sidecar/src/policy/planted-date.ts",
      `export const now = Date.now();`,
      /no clock of their own/,
    ],
    [
      "new Date in policy",
      "sidecar/src/policy/planted-new-date.ts",
      `export const now = new Date();`,
      /no clock of their own/,
    ],
    [
      "performance.now() in policy",
      "sidecar/src/policy/planted-performance.ts",
      `export const now = performance.now();`,
      /no clock of their own/,
    ],
    [
      "the system's clock in policy",
      "sidecar/src/policy/planted-clock.ts",
      `import { systemClock } from "@banterwire/protocol";\nexport const now = systemClock;`,
      /no clock of their own/,
    ],
    [
      "chance in policy",
      "sidecar/src/policy/planted-chance.ts",
      `export const chance = Math.random();`,
      /are pure/,
    ],
    [
      "a timer in disguise in policy",
      "sidecar/src/policy/planted-timeout.ts",
      `export const signal = AbortSignal.timeout(5);`,
      /no timers/,
    ],
    [
      "process in policy",
      "sidecar/src/policy/planted-process.ts",
      `export const { env } = process;`,
      /no process/,
    ],
  ];

  test("holds in this repository", () => {
    expect(checkImports()).toEqual({ failed: false, output: "" });
  });

  test("leaves alone what it allows", () => {
    plant(
      "protocol/src/planted.test.ts",
      `import fc from "fast-check";\nimport { test } from "vitest";\n`,
    );
    plant(
      "sidecar/src/cli/planted.ts",
      `import.meta.resolve("@banterwire/embedded-ollama/package.json");\nimport "node:fs";\n`,
    );
    plant(
      "sidecar/src/policy/planted.ts",
      `import type { Cue } from "@banterwire/protocol";\nexport const f = (x: { process: number; Date: Cue }) => x.process;\n`,
    );
    expect(checkImports()).toEqual({ failed: false, output: "" });
  });

  describe("is broken by", () => {
    let output = "";

    beforeAll(() => {
      for (const [, file, text] of breaches) plant(file, `// planted\n${text}\n`);
      ({ output } = checkImports());
    });

    test.each(breaches)(
      "%s, which is named with its place, the rule and a remedy",
      (_, file, __, rule) => {
        const [, told = ""] = output.split(`${file}:2: `);
        const [what, ruleLine, remedyLine] = told.split("\n");
        expect(what).toMatch(/^(imports|resolves|uses) /);
        expect(ruleLine).toMatch(rule);
        expect(remedyLine).toMatch(/^ {2}remedy: \w/);
      },
    );

    test("one breach alone", () => {
      for (const [, file] of breaches) rmSync(join(scratch, file));
      expect(checkImports().failed).toBe(false);
      const [, file, text] = breaches[0] ?? ["", "", ""];
      plant(file, text);
      expect(checkImports().failed).toBe(true);
    });
  });
});

describe("the lint rule against floating promises", () => {
  test.each(["protocol", "sidecar", "plugin-colyseus", "embedded-ollama", "sample-game"])(
    "bites in %s",
    (folder) => {
      const file = `${folder}/src/planted-promise.ts`;
      const write =
        "async function work(): Promise<number> {\n  return await Promise.resolve(1);\n}\n";
      plant(file, `${write}\nawait work();\n`);
      expect(lint(file)).toMatchObject({ failed: false });
      plant(file, `${write}\nwork();\n`);
      const { failed, output } = lint(file);
      expect(output).toMatch(/no-floating-promises/);
      expect(output).toContain(file);
      expect(failed).toBe(true);
    },
  );
});
