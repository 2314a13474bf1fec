import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type Bench, figureOf } from "./bench.ts";
import { type Options, runBench } from "./run-bench.ts";

const CODEC: Bench = {
  name: "codec",
  about: "encode and decode",
  goals: { "decode delta": { atMost: 1 }, "deltas per second": { atLeast: 1000 } },
  run: () =>
    Promise.resolve({
      "decode delta": figureOf([0.9, 0.8, 0.95], "x"),
      "deltas per second": figureOf([1200, 1300], "1/s"),
      "bytes per delta": figureOf([12], "bytes"),
    }),
};
const SLOW: Bench = {
  ...CODEC,
  name: "slow",
  run: () => Promise.resolve({ "decode delta": figureOf([1.234], "x") }),
};

let folder = "";

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "banterwire-bench-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

async function run(name?: string, options: Options = {}): Promise<{ code: number; text: string }> {
  let text = "";
  const code = await runBench([CODEC, SLOW], name, options, (more) => (text += more));
  return { code, text };
}

test("without a name it lists the benches", async () => {
  const { code, text } = await run();
  expect(text).toMatch(/^Benches:\n {2}codec {2}encode and decode\n {2}slow/);
  expect(code).toBe(0);
});

test("an unknown name lists the known ones and exits with 2", async () => {
  const { code, text } = await run("kodec");
  expect(text).toMatch(/no bench "kodec"[^]*codec/);
  expect(code).toBe(2);
});

test("the table shows each figure with its spread, its unit and its goal", async () => {
  const { text } = await run("codec");
  const rows = text.split("\n").map((row) => row.split(/ {2,}/));
  expect(rows).toContainEqual(["figure", "median", "low", "high", "unit", "goal"]);
  expect(rows).toContainEqual(["decode delta", "0.9", "0.8", "0.95", "x", "<= 1 x: met"]);
  expect(rows).toContainEqual([
    "deltas per second",
    "1250",
    "1200",
    "1300",
    "1/s",
    ">= 1000 1/s: met",
  ]);
  expect(rows).toContainEqual(["bytes per delta", "12", "12", "12", "bytes"]);
});

test("the JSON holds the figures, the goals, and where they were measured", async () => {
  const json = join(folder, "codec.json");
  await run("codec", { json });
  const report: unknown = JSON.parse(readFileSync(json, "utf8"));
  expect(report).toMatchObject({
    bench: "codec",
    when: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
    machine: {
      cpu: expect.any(String),
      cores: expect.any(Number),
      memoryBytes: expect.any(Number),
    },
    versions: { node: process.versions.node, msgpackr: expect.stringMatching(/^\d/) },
    figures: { "decode delta": { value: 0.9, unit: "x", low: 0.8, high: 0.95 } },
    goals: { "decode delta": { goal: "<= 1 x", met: true } },
  });
});

test("a missed goal stays visible, and fails only when goals are checked", async () => {
  const plain = await run("slow");
  expect(plain.text).toMatch(/<= 1 x: MISSED/);
  expect(plain.code).toBe(0);
  const checked = await run("slow", { check: true });
  expect(checked.text).toMatch(/missed: decode delta: goal <= 1 x, measured 1\.23 x/);
  expect(checked.code).toBe(1);
});

test("a goal whose figure was not measured is missed", async () => {
  expect((await run("slow", { check: true })).text).toMatch(
    /missed: deltas per second: goal >= 1000 \(not measured\), measured nothing/,
  );
});

test("a figure is the median of its rounds, between the lowest and the highest", () => {
  expect(figureOf([3, 1, 2], "ms")).toEqual({ value: 2, unit: "ms", low: 1, high: 3 });
  expect(figureOf([4, 1, 2, 3], "ms").value).toBe(2.5);
  expect(() => figureOf([], "ms")).toThrow(/at least one/);
});
