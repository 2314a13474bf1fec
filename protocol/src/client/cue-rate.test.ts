import * as fc from "fast-check";
import { expect, it } from "vitest";
import { CueRate } from "./cue-rate.ts";

it("lets through at most a second's burst and then the rate, however cues come", () => {
  const gapsMs = fc.array(fc.integer({ min: 0, max: 2_000 }), { maxLength: 200 });
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 20 }), gapsMs, (perSecond, gaps) => {
      const rate = new CueRate(perSecond, 0);
      let nowMs = 0;
      let passed = 0;
      for (const gapMs of gaps) {
        nowMs += gapMs;
        if (rate.take(nowMs)) passed++;
        expect(passed).toBeLessThanOrEqual(perSecond + (nowMs / 1000) * perSecond + 1e-6);
      }
    }),
  );
});
