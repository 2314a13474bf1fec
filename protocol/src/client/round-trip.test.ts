import { expect, it } from "vitest";
import { RoundTrip } from "./round-trip.ts";

it("allows nothing before the first round trip, and three times the first after it", () => {
  const trip = new RoundTrip();
  expect(trip.estimateMs).toBe(0);
  trip.sample(10);
  expect(trip.estimateMs).toBe(30);
});

it("comes down to a steady round trip, and stays above a varying one", () => {
  const steady = new RoundTrip();
  for (let i = 0; i < 100; i++) steady.sample(10);
  expect(steady.estimateMs).toBeCloseTo(10, 3);
  const varying = new RoundTrip();
  for (let i = 0; i < 100; i++) varying.sample(i % 2 === 0 ? 5 : 15);
  expect(varying.estimateMs).toBeGreaterThan(15);
});
