import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { chooseOffer, expectedMs, isLikelyWithin, type Offer } from "./spill-over.ts";

function offer(waitMs: number, prefillMs: number): Offer {
  return { waitMs, prefillMs, likelyMs: 30 + prefillMs, lowMs: 20 + prefillMs };
}

const anyOffer = fc
  .tuple(fc.integer({ min: 0, max: 400 }), fc.integer({ min: 0, max: 200 }))
  .map(([waitMs, prefillMs]) => offer(waitMs, prefillMs));

describe("a cue", () => {
  test("stays where its prefix is while the wait there is shorter than a cold prefix costs", () => {
    const home = offer(40, 0);
    expect(chooseOffer([home, offer(0, 60)], 195)).toBe(home);
  });

  test("spills over once the time gained is more than the cold prefix costs", () => {
    const other = offer(0, 30);
    expect(chooseOffer([offer(120, 0), other], 195)).toBe(other);
  });

  test("goes where it makes it, whatever that costs, if it does not at home", () => {
    const other = offer(0, 150);
    expect(chooseOffer([offer(170, 0), other], 195)).toBe(other);
  });

  test("stays at home where nobody is likely to make it", () => {
    const home = offer(300, 0);
    expect(chooseOffer([home, offer(0, 180)], 195)).toBe(home);
  });

  test("is never sent to one that is not likely to make it beside one that is", () => {
    fc.assert(
      fc.property(
        fc.array(anyOffer, { minLength: 1, maxLength: 6 }),
        fc.integer({ min: 0, max: 500 }),
        (offers, leftMs) => {
          const chosen = chooseOffer(offers, leftMs);
          expect(chosen).toBeDefined();
          const inTime = offers.filter((one) => isLikelyWithin(leftMs, one));
          expect(inTime.length === 0 || (chosen && inTime.includes(chosen))).toBe(true);
        },
      ),
    );
  });

  test("leaves a home that is likely to make it only for one that is quicker by more than its cold prefix", () => {
    fc.assert(
      fc.property(fc.array(anyOffer, { minLength: 1, maxLength: 6 }), (offers) => {
        const [home] = offers;
        const chosen = chooseOffer(offers, Infinity);
        if (!home || !chosen || chosen === home) return;
        const coldMs = Math.max(0, chosen.prefillMs - home.prefillMs);
        expect(expectedMs(home) - expectedMs(chosen)).toBeGreaterThan(coldMs);
      }),
    );
  });
});
