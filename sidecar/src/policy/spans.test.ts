import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { lineSpansUs } from "./spans.ts";

const NO_ENGINE = { loadMs: 0, prefillMs: 0 };

describe("lineSpansUs", () => {
  test("splits the wait for the first chunk by what the engine said", () => {
    const times = {
      arrivedMs: 100,
      dispatchedMs: 102,
      sentMs: 103,
      firstChunkMs: 143,
      firstVisibleMs: 145,
      endedMs: 245,
    };
    const spans = lineSpansUs(times, { loadMs: 5, prefillMs: 30 });
    expect(spans).toEqual([2_000, 1_000, 5_000, 30_000, 5_000, 2_000, 100_000]);
  });

  test("a line that never left the queue spent all its time there", () => {
    const spans = lineSpansUs({ arrivedMs: 10, endedMs: 190 }, NO_ENGINE);
    expect(spans).toEqual([180_000, 0, 0, 0, 0, 0, 0]);
  });

  test("sums to the wall time whatever was reached and whatever the engine claims", () => {
    const ms = fc.integer({ min: 0, max: 10_000 });
    const station = fc.option(ms, { nil: undefined });
    fc.assert(
      fc.property(
        ms,
        ms,
        fc.tuple(station, station, station, station),
        fc.record({ loadMs: ms, prefillMs: ms }),
        (arrivedMs, wallMs, [dispatchedMs, sentMs, firstChunkMs, firstVisibleMs], engine) => {
          const endedMs = arrivedMs + wallMs;
          const times = {
            arrivedMs,
            endedMs,
            ...(dispatchedMs !== undefined && { dispatchedMs }),
            ...(sentMs !== undefined && { sentMs }),
            ...(firstChunkMs !== undefined && { firstChunkMs }),
            ...(firstVisibleMs !== undefined && { firstVisibleMs }),
          };
          const spans = lineSpansUs(times, engine);
          expect(spans.every((span) => span >= 0)).toBe(true);
          expect(spans.reduce((sum, span) => sum + span, 0)).toBe(wallMs * 1000);
        },
      ),
    );
  });
});
