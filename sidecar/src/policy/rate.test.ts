import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { RateLimit } from "./rate.ts";

describe("RateLimit", () => {
  test("allows a burst of one second's worth, then the sustained rate", () => {
    const rate = new RateLimit(3, 0);
    expect([rate.take(0), rate.take(0), rate.take(0), rate.take(0)]).toEqual([
      true,
      true,
      true,
      false,
    ]);
    expect(rate.take(334)).toBe(true);
    expect(rate.take(334)).toBe(false);
  });

  test("that is retuned keeps what was saved up, as far as the new burst allows", () => {
    const rate = new RateLimit(2, 0);
    rate.take(0);
    rate.retune(10, 0);
    expect([rate.take(0), rate.take(0), rate.take(100), rate.take(100)]).toEqual([
      true,
      false,
      true,
      false,
    ]);
    rate.retune(1, 10_000);
    expect([rate.take(10_000), rate.take(10_000)]).toEqual([true, false]);
  });

  test("never lets more through than the burst and the rate allow", () => {
    const gaps = fc.array(fc.integer({ min: 0, max: 500 }), { maxLength: 300 });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 50 }), gaps, (perSecond, gapsMs) => {
        const rate = new RateLimit(perSecond, 0);
        let nowMs = 0;
        let taken = 0;
        for (const gapMs of gapsMs) {
          nowMs += gapMs;
          if (rate.take(nowMs)) taken++;
        }
        expect(taken).toBeLessThanOrEqual(perSecond + (nowMs / 1000) * perSecond + 1e-6);
      }),
    );
  });
});
