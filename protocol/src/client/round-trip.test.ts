import { expect, it } from "vitest";
import { RoundTrip } from "./round-trip.ts";

function estimateAfter(samplesMs: readonly number[]): number {
  const trip = new RoundTrip();
  for (const sampleMs of samplesMs) trip.sample(sampleMs);
  return trip.estimateMs;
}

it("allows nothing before the first round trip, and twice the first after it", () => {
  expect(estimateAfter([])).toBe(0);
  expect(estimateAfter([10])).toBe(20);
});

it("comes down to a steady round trip, and stays above one that varies", () => {
  expect(estimateAfter(Array.from({ length: 100 }, () => 10))).toBeCloseTo(10, 3);
  expect(estimateAfter(Array.from({ length: 100 }, (_, i) => (i % 2 ? 15 : 5)))).toBeGreaterThan(
    15,
  );
});

it("forgets a slow start within a few round trips, and leaves the model most of 200 ms", () => {
  expect(estimateAfter([60, 10, 5, 3])).toBeLessThan(65);
  expect(estimateAfter([60, 10, 5, 3, 3, 3])).toBeLessThan(30);
});

it("follows a way that has become longer", () => {
  const longer = [...Array.from({ length: 20 }, () => 1), ...Array.from({ length: 20 }, () => 40)];
  expect(estimateAfter(longer)).toBeGreaterThan(40);
});
