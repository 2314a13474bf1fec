import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  chooseBackup,
  HedgeAllowance,
  hedgeAtMs,
  MAX_HEDGE_SHARE,
  MAX_SAVED_HEDGES,
} from "./hedging.ts";
import type { Offer } from "./spill-over.ts";

const TIMES = { askedMs: 1_000, deadlineMs: 1_195, usualMs: 40, p95Ms: 70, backupMs: 30 };

function offer(waitMs: number, likelyMs: number): Offer {
  return { waitMs, likelyMs, prefillMs: 0, lowMs: 0 };
}

describe("a second request", () => {
  test("is due when the first is clearly later than 95 in 100 are", () => {
    expect(hedgeAtMs({ ...TIMES, p95Ms: 80 })).toBe(1_100);
  });

  test("is due earlier where the budget leaves no time after that", () => {
    expect(hedgeAtMs({ ...TIMES, backupMs: 150 })).toBe(1_045);
    expect(hedgeAtMs({ ...TIMES, p95Ms: undefined })).toBe(1_165);
  });

  test("is never due where the last moment for it comes before the first is due", () => {
    expect(hedgeAtMs({ ...TIMES, backupMs: 170 })).toBeUndefined();
  });

  test("is never due where nobody waits and nobody knows what is late", () => {
    expect(hedgeAtMs({ ...TIMES, deadlineMs: Infinity, p95Ms: undefined })).toBeUndefined();
  });

  test("goes only to a free slot that is likely to make it, the quickest of them", () => {
    const quickest = offer(0, 20);
    expect(chooseBackup([offer(0, 40), quickest, offer(1, 5)], 50)).toBe(quickest);
    expect(chooseBackup([offer(5, 10), offer(0, 60)], 50)).toBeUndefined();
  });
});

test("second requests are never more than a twentieth of the first ones, nor come in a flood", () => {
  const asks = fc.array(fc.boolean(), { maxLength: 3_000 });
  fc.assert(
    fc.property(asks, fc.nat(2_000), (wantsHedge, quiet) => {
      const allowance = new HedgeAllowance();
      let [firsts, seconds] = [0, 0];
      for (let time = 0; time < quiet; time++, firsts++) allowance.earn();
      const before = seconds;
      const from = firsts;
      for (const wants of wantsHedge) {
        allowance.earn();
        firsts++;
        if (wants && allowance.take()) seconds++;
        expect(seconds).toBeLessThanOrEqual(MAX_HEDGE_SHARE * firsts + 1e-6);
      }
      const inTheRun = seconds - before;
      expect(inTheRun).toBeLessThanOrEqual(
        MAX_SAVED_HEDGES + MAX_HEDGE_SHARE * (firsts - from) + 1e-6,
      );
    }),
  );
});
