import * as fc from "fast-check";
import { expect, test } from "vitest";
import { FramePace } from "./frame-pace.ts";

test("frames within the rate are read without a pause", () => {
  const pace = new FramePace(100, 0);
  expect(pace.pauseMs(100, 0)).toBe(0);
  expect(pace.pauseMs(50, 500)).toBe(0);
});

test("what goes beyond it is waited for, and the time waited is credited", () => {
  const pace = new FramePace(100, 0);
  expect(pace.pauseMs(150, 0)).toBe(500);
  expect(pace.pauseMs(10, 500)).toBe(100);
});

test("one who waits as told never sends more than the rate and one burst, whatever it sends", () => {
  const chunks = fc.array(fc.nat({ max: 10_000 }), { minLength: 1, maxLength: 50 });
  fc.assert(
    fc.property(chunks, fc.integer({ min: 1, max: 1_000 }), (sizes, perSecond) => {
      const pace = new FramePace(perSecond, 0);
      let nowMs = 0;
      let read = 0;
      for (const frames of sizes) {
        read += frames;
        nowMs += pace.pauseMs(frames, nowMs);
        expect(read).toBeLessThanOrEqual(perSecond * (1 + nowMs / 1_000) + 1e-6);
      }
    }),
  );
});
