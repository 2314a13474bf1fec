import { expect, test } from "vitest";
import { seededRandom } from "./random.ts";
import {
  assertRateKept,
  evenSchedule,
  keepSchedule,
  launchesOf,
  poissonSchedule,
} from "./schedule.ts";

/** Time that moves when somebody waits for it, a little further than asked. */
function slowClock(overshootMs: number) {
  let nowMs = 1_000;
  return {
    nowMs: () => nowMs,
    wait: (delayMs: number) => {
      nowMs += delayMs + overshootMs;
      return Promise.resolve();
    },
    pass: (ms: number) => (nowMs += ms),
  };
}

test("Poisson arrivals are ascending, within the time, at the rate, with exponential gaps", () => {
  const due = poissonSchedule(100, 100_000, seededRandom(1));
  expect(due.length).toBeGreaterThan(9_500);
  expect(due.length).toBeLessThan(10_500);
  expect(due.every((atMs, index) => atMs >= (due[index - 1] ?? 0) && atMs < 100_000)).toBe(true);
  const gaps = due.map((atMs, index) => atMs - (due[index - 1] ?? 0));
  const longerThanMean = gaps.filter((gap) => gap > 10).length / gaps.length;
  expect(longerThanMean).toBeCloseTo(Math.exp(-1), 1);
});

test("a schedule repeats with its seed", () => {
  expect(poissonSchedule(5, 10_000, seededRandom(2))).toEqual(
    poissonSchedule(5, 10_000, seededRandom(2)),
  );
  expect(() => poissonSchedule(0, 1, seededRandom(2))).toThrow(/above 0/);
});

test("even arrivals share the time", () => {
  expect(evenSchedule(4, 100)).toEqual([0, 25, 50, 75]);
});

test("every arrival is launched at its time or later, and told when it was due", async () => {
  const clock = slowClock(0.5);
  const calls: [number, number, number][] = [];
  await keepSchedule([0, 10, 10.2, 30], clock, (index, dueMs) =>
    calls.push([index, dueMs, clock.nowMs()]),
  );
  expect(calls).toEqual([
    [0, 1_000, 1_000],
    [1, 1_010, 1_010.5],
    [2, 1_010.2, 1_010.5],
    [3, 1_030, 1_030.5],
  ]);
});

test("a stalled generator puts no arrival off: they are all due at their own times", async () => {
  const clock = slowClock(0);
  const lateness: number[] = [];
  await keepSchedule([0, 10, 20, 30], clock, (index, dueMs) => {
    lateness.push(clock.nowMs() - dueMs);
    if (index === 0) clock.pass(25);
  });
  expect(lateness).toEqual([0, 15, 5, 0]);
});

test("the rate achieved falls when the last arrival is launched late", () => {
  expect(launchesOf([0, 500], 1_000, [0, 0]).perSecond).toBe(2);
  expect(launchesOf([0, 500], 1_000, [0, 1_500]).perSecond).toBe(1);
});

test("a run whose generator was saturated is void", () => {
  expect(() => assertRateKept(96, 100, "arrivals")).not.toThrow();
  expect(() => assertRateKept(90, 100, "arrivals")).toThrow(
    /void: arrivals achieved 90\.0 .* of 100\.0/,
  );
});
