import { array, assert, boolean, constantFrom, integer, property, record } from "fast-check";
import { expect, test } from "vitest";
import { LogLimit } from "./log-limit.ts";

test("so many lines of a kind are written in a second, the rest is held back and counted", () => {
  const limit = new LogLimit(2);
  const verdicts = [0, 10, 20, 30].map((nowMs) => limit.judge("flood", nowMs));
  expect(verdicts).toEqual(["write", "write", "held-first", "held"]);
  expect(limit.suppressed).toBe(2);
});

test("one kind's flood holds nothing of another kind back", () => {
  const limit = new LogLimit(1);
  limit.judge("flood", 0);
  expect(limit.judge("flood", 1)).toBe("held-first");
  expect(limit.judge("other", 2)).toBe("write");
});

test("a second without a flood is followed by a fresh one", () => {
  const limit = new LogLimit(1);
  expect(limit.judge("calm", 0)).toBe("write");
  expect(limit.judge("calm", 1_000)).toBe("write");
});

test("a flood lasts until it is settled, so that no line is held back unsaid", () => {
  const limit = new LogLimit(1);
  limit.judge("flood", 0);
  limit.judge("flood", 1);
  expect(limit.judge("flood", 1_500)).toBe("held");
  expect(limit.settle("flood")).toBe(2);
  expect(limit.judge("flood", 1_501)).toBe("write");
});

test("the rest of a kind's second is counted from its first line", () => {
  const limit = new LogLimit(1);
  limit.judge("flood", 100);
  expect(limit.restMs("flood", 400)).toBe(700);
  expect(limit.restMs("flood", 5_000)).toBe(0);
});

test("whatever comes when, every line is written or in a summary", () => {
  const step = record({
    kind: constantFrom("a", "b"),
    waitMs: integer({ min: 0, max: 700 }),
    settles: boolean(),
  });
  assert(
    property(array(step), (steps) => {
      const limit = new LogLimit(3);
      let nowMs = 0;
      let written = 0;
      let told = 0;
      for (const { kind, waitMs, settles } of steps) {
        nowMs += waitMs;
        if (limit.judge(kind, nowMs) === "write") written++;
        if (settles) told += limit.settle(kind);
      }
      told += limit.settle("a") + limit.settle("b");
      expect(written + told).toBe(steps.length);
      expect(limit.suppressed).toBe(told);
    }),
  );
});
