import type { LineEnd } from "@banterwire/protocol";
import { expect, test } from "vitest";
import { MAX_LOGGED_ENDS, MAX_LOGGED_TEXT_UNITS } from "../config.ts";
import { LineLog } from "./line-log.ts";

const KEEP_MS = 1_000;

function endOf(line: number): LineEnd {
  const spansUs: LineEnd["spansUs"] = [0, 0, 0, 0, 0, 0, 0];
  const rest = { source: "model", reason: "complete", length: 0, displayMs: 0, spansUs } as const;
  return { kind: "lineEnd", line, ...rest };
}

function say(log: LineLog, line: number, text: string): void {
  if (!log.get(line)) log.begin(line, 1, "mira", "model");
  log.delta(line, text);
}

test("a line is kept with all that it said, and after its end until its outcome is told", () => {
  const log = new LineLog(KEEP_MS);
  say(log, 1, "Well");
  say(log, 1, " met");
  log.end(1, endOf(1), 0);
  expect(log.get(1)).toMatchObject({ text: "Well met", terminal: { kind: "lineEnd" } });
  log.forget(1);
  expect([log.get(1), log.textUnits]).toEqual([undefined, 0]);
});

test("one that has ended is forgotten with its time, when another one ends", () => {
  const log = new LineLog(KEEP_MS);
  say(log, 1, "Well");
  log.end(1, endOf(1), 0);
  log.end(3, endOf(3), KEEP_MS - 1);
  expect(log.get(1)).toBeDefined();
  log.end(5, endOf(5), KEEP_MS);
  expect([log.get(1), log.textUnits]).toEqual([undefined, 0]);
  expect(log.get(3)).toBeDefined();
});

test("those that ended first are forgotten where there are too many, or too much of them", () => {
  const log = new LineLog(KEEP_MS);
  for (let line = 1; line <= MAX_LOGGED_ENDS + 1; line++) log.end(line, endOf(line), 0);
  expect([log.get(1), log.get(2)?.terminal?.line]).toEqual([undefined, 2]);
  const half = "x".repeat(MAX_LOGGED_TEXT_UNITS / 2);
  say(log, 9_001, half);
  log.end(9_001, endOf(9_001), 0);
  say(log, 9_003, half);
  expect(log.get(9_001)?.text).toBe(half);
  say(log, 9_003, "!");
  expect([log.get(9_001), log.isWhole]).toEqual([undefined, true]);
});

test("where open lines alone say too much, none is kept, until those have ended", () => {
  const log = new LineLog(KEEP_MS);
  say(log, 1, "Well");
  say(log, 3, "x".repeat(MAX_LOGGED_TEXT_UNITS));
  expect([log.isWhole, log.textUnits, log.get(1)]).toEqual([false, 0, undefined]);
  say(log, 5, "Aye");
  log.end(1, endOf(1), 0);
  expect([log.isWhole, log.get(1)]).toEqual([false, undefined]);
  log.end(3, endOf(3), 0);
  expect([log.isWhole, log.get(5)?.text, log.textUnits]).toEqual([true, "Aye", 3]);
});
