import { array, assert, constantFrom, property } from "fast-check";
import { describe, expect, test } from "vitest";
import {
  advanceWedge,
  CLEAR,
  holdsOff,
  MISSES_TO_HOLD_OFF,
  probeDelayMs,
  type Wedge,
  type WedgeEvent,
} from "./wedge.ts";

const MISS = { name: "miss" } as const;
const ANSWER = { name: "answer" } as const;
const SILENCE = { name: "silence", alone: true } as const;
const CROWDED_SILENCE = { name: "silence", alone: false } as const;

function after(...events: WedgeEvent[]): Wedge {
  return events.reduce(advanceWedge, CLEAR);
}

describe("an engine", () => {
  test("that misses in a row is left alone from the third miss on", () => {
    expect(holdsOff(after(MISS, MISS))).toBe(false);
    expect(holdsOff(after(MISS, MISS, MISS))).toBe(true);
    expect(MISSES_TO_HOLD_OFF).toBe(3);
  });

  test("that misses what it was not likely to make is so after four times as many", () => {
    const gambles = (count: number) =>
      Array.from({ length: count }, () => ({ ...MISS, isGamble: true }));
    expect(holdsOff(after(...gambles(11)))).toBe(false);
    expect(holdsOff(after(...gambles(12)))).toBe(true);
    expect(holdsOff(after(MISS, MISS, ...gambles(4)))).toBe(true);
  });

  test("that answers between misses never is", () => {
    expect(holdsOff(after(MISS, MISS, ANSWER, MISS, MISS))).toBe(false);
  });

  test("whose canary is silent while nothing else is asked is in quarantine", () => {
    expect(after(MISS, SILENCE)).toEqual({ name: "quarantined", canaries: 1 });
    expect(holdsOff(after(MISS, SILENCE))).toBe(true);
  });

  test("whose canary is silent while other lines stream is only doubted", () => {
    expect(after(MISS, CROWDED_SILENCE)).toEqual({ name: "doubted", misses: 1 });
  });

  test("in quarantine leaves it by an answer alone", () => {
    const events = array(constantFrom<WedgeEvent>(MISS, SILENCE, CROWDED_SILENCE));
    assert(
      property(events, (some) => {
        const held = some.reduce(advanceWedge, after(MISS, SILENCE));
        expect(held.name).toBe("quarantined");
        expect(advanceWedge(held, ANSWER)).toBe(CLEAR);
      }),
    );
  });

  test("in quarantine is asked more and more seldom, and at least every 30 s", () => {
    const delays = [1, 2, 3, 4, 5, 6, 60].map((canaries) =>
      probeDelayMs({ name: "quarantined", canaries }),
    );
    expect(delays).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]);
  });
});
