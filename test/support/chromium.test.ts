import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";

const ROOT = dirname(dirname(import.meta.dirname));
const VITEST = join(ROOT, "node_modules", "vitest", "vitest.mjs");

/** A project of its own inside the repository, so that vitest finds itself and this folder. */
let project = "";

beforeAll(() => {
  const artifacts = join(ROOT, "artifacts");
  mkdirSync(artifacts, { recursive: true });
  project = mkdtempSync(join(artifacts, "no-chromium-"));
  writeFileSync(
    join(project, "browser.test.ts"),
    `import { test } from "vitest";
import { describeWithChromium } from ${JSON.stringify(join(import.meta.dirname, "chromium.ts"))};
test("plain", () => {});
describeWithChromium("two pages", () => { test("talk", () => {}); });
`,
  );
});

afterAll(() => rmSync(project, { recursive: true, force: true }));

function runWithoutChromium(ci: string): { status: number | null; output: string } {
  const reporter = join(import.meta.dirname, "closing-lines.ts");
  const args = [VITEST, "run", "--root", project, "--reporter", "default", "--reporter", reporter];
  const env = { ...process.env, CHROMIUM_PATH: "/nowhere/chromium", CI: ci, NO_COLOR: "1" };
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { env, encoding: "utf8" });
  return { status, output: stdout + stderr };
}

test("without Chromium the run passes, and its last lines say what was skipped and how to get it", () => {
  const { status, output } = runWithoutChromium("");
  expect(output).toMatch(
    /1 browser tests were skipped, for want of Chromium: install Chromium.*\n1 passed, 0 failed, 1 skipped\n$/,
  );
  expect(status).toBe(0);
});

test("in CI its absence is a failure", () => {
  const { status, output } = runWithoutChromium("true");
  expect(output).toMatch(/No Chromium was found; in CI its tests must run: install Chromium/);
  expect(output).toMatch(/1 passed, 1 failed, 0 skipped/);
  expect(status).toBe(1);
});
