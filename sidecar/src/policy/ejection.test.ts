import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  advanceStanding,
  FAILURES_TO_EJECT,
  FIRST_EJECTION_MS,
  IN_GOOD_STANDING,
  MAX_EJECTION_MS,
  RAMP_MS,
  shareOf,
  type Standing,
  standingAt,
} from "./ejection.ts";

const ANSWER = { name: "answer" } as const;
const FAILURE = { name: "failure", isLast: false } as const;

function failTimes(standing: Standing, times: number, nowMs: number): Standing {
  let now = standing;
  for (let time = 0; time < times; time++) now = advanceStanding(now, FAILURE, nowMs);
  return now;
}

describe("an endpoint", () => {
  test("is ejected by failures in a row, not by as many with answers between them", () => {
    let standing = IN_GOOD_STANDING;
    for (let time = 0; time < 10; time++) {
      standing = failTimes(standing, FAILURES_TO_EJECT - 1, 100 * time);
      standing = advanceStanding(standing, ANSWER, 100 * time + 1);
    }
    expect(standing.name).toBe("in");
    expect(failTimes(standing, FAILURES_TO_EJECT, 2_000).name).toBe("out");
  });

  test("that is the last one is never ejected", () => {
    let standing = IN_GOOD_STANDING;
    for (let time = 0; time < 50; time++) {
      standing = advanceStanding(standing, { name: "failure", isLast: true }, time);
    }
    expect(standing.name).toBe("in");
  });

  test("comes back by itself, with a share that grows from a tenth to all", () => {
    const out = failTimes(IN_GOOD_STANDING, FAILURES_TO_EJECT, 0);
    expect(shareOf(out, 0, FIRST_EJECTION_MS - 1)).toBe(0);
    expect(shareOf(out, 0, FIRST_EJECTION_MS)).toBeCloseTo(0.1);
    expect(shareOf(out, 0, FIRST_EJECTION_MS + RAMP_MS / 2)).toBeCloseTo(0.5);
    expect(shareOf(out, 0, FIRST_EJECTION_MS + RAMP_MS)).toBe(1);
  });

  test("that has only just become warm gets its share slowly too", () => {
    expect(shareOf(IN_GOOD_STANDING, 1_000, 1_000)).toBeCloseTo(0.1);
    expect(shareOf(IN_GOOD_STANDING, 1_000, 1_000 + RAMP_MS)).toBe(1);
  });

  test("that fails the first cue after it came back is out at once, for twice as long, to a bound", () => {
    let standing = failTimes(IN_GOOD_STANDING, FAILURES_TO_EJECT, 0);
    let nowMs = 0;
    const waits: number[] = [];
    for (let time = 0; time < 8; time++) {
      if (standing.name !== "out") throw new Error("in");
      waits.push(standing.untilMs - nowMs);
      nowMs = standing.untilMs + 1;
      standing = advanceStanding(standing, FAILURE, nowMs);
    }
    expect(waits.slice(0, 4)).toEqual([1_000, 2_000, 4_000, 8_000]);
    expect(waits.at(-1)).toBe(MAX_EJECTION_MS);
  });

  test("that has answered since it came back is ejected by failures in a row again, not by the first", () => {
    const out = failTimes(IN_GOOD_STANDING, FAILURES_TO_EJECT, 0);
    const answered = advanceStanding(out, ANSWER, FIRST_EJECTION_MS);
    const busy = failTimes(answered, FAILURES_TO_EJECT - 1, FIRST_EJECTION_MS + 1);
    expect(busy.name).toBe("in");
    // Its ejections are not forgotten: the next one is longer.
    expect(failTimes(busy, 1, FIRST_EJECTION_MS + 2)).toMatchObject({ name: "out", ejections: 2 });
  });

  test("that answers once it is fully back has its ejections forgotten", () => {
    const out = failTimes(IN_GOOD_STANDING, FAILURES_TO_EJECT, 0);
    const back = advanceStanding(out, ANSWER, FIRST_EJECTION_MS + RAMP_MS);
    const again = failTimes(back, FAILURES_TO_EJECT, 20_000);
    expect(again).toMatchObject({ name: "out", untilMs: 20_000 + FIRST_EJECTION_MS });
  });
});

test("whatever happens, an ejection ends within its bound, and shares stay from 0 to 1", () => {
  const step = fc.record({
    event: fc.constantFrom(ANSWER, FAILURE, FAILURE, { name: "failure", isLast: true } as const),
    passMs: fc.integer({ min: 0, max: 5_000 }),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 100 }), (steps) => {
      let standing = IN_GOOD_STANDING;
      let nowMs = 0;
      for (const { event, passMs } of steps) {
        nowMs += passMs;
        standing = advanceStanding(standing, event, nowMs);
        const untilMs = standing.name === "out" ? standing.untilMs : nowMs;
        expect(untilMs - nowMs).toBeLessThanOrEqual(MAX_EJECTION_MS);
        expect(standingAt(standing, untilMs).name).toBe("in");
        const share = shareOf(standing, 0, nowMs);
        expect(share).toBeGreaterThanOrEqual(0);
        expect(share).toBeLessThanOrEqual(1);
      }
    }),
  );
});
