import { expect, test } from "vitest";
import { seededRandom } from "./random.ts";
import {
  added,
  addedRatio,
  bootstrap,
  medianOf,
  pooledQuantile,
  quantileOf,
  ratioOfRounds,
  slopeInterval,
  slopeOf,
} from "./statistics.ts";

function normal(random: () => number): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}

test("a quantile is a sample, or lies between two", () => {
  expect(quantileOf([4, 1, 3, 2, 5], 0.5)).toBe(3);
  expect(quantileOf([4, 1, 3, 2], 0.5)).toBe(2.5);
  expect(quantileOf([1, 2, 3, 4, 5], 0)).toBe(1);
  expect(quantileOf([1, 2, 3, 4, 5], 1)).toBe(5);
  expect(quantileOf([1, 2, 3, 4, 5], 0.9)).toBeCloseTo(4.6);
  expect(quantileOf([], 0.5)).toBeNaN();
  expect(quantileOf([1, NaN, 2], 0)).toBeNaN();
});

test("seeded numbers repeat with the seed and fill the unit interval evenly", () => {
  const [one, again, other] = [seededRandom(7), seededRandom(7), seededRandom(8)];
  const numbers = Array.from({ length: 10_000 }, () => one());
  expect(Array.from({ length: 10_000 }, () => again())).toEqual(numbers);
  expect(other()).not.toBe(numbers[0]);
  const tenths = Array.from({ length: 10 }, (_, tenth) =>
    numbers.filter((number) => Math.floor(number * 10) === tenth),
  );
  for (const { length } of tenths) expect(Math.abs(length - 1_000)).toBeLessThan(150);
});

test("about 95 of 100 bootstrap intervals of a median hold the true one", () => {
  const random = seededRandom(1);
  let held = 0;
  for (let repeat = 0; repeat < 100; repeat++) {
    const rounds = Array.from({ length: 30 }, () => 10 + normal(random));
    const { low, value, high } = bootstrap([rounds], medianOf, random);
    expect(low).toBeLessThanOrEqual(value);
    expect(value).toBeLessThanOrEqual(high);
    if (low <= 10 && 10 <= high) held++;
  }
  expect(held).toBeGreaterThanOrEqual(88);
  expect(held).toBeLessThan(100);
});

test("a spell that slows one round of every peer alike does not move what a peer adds", () => {
  const spells = [0, 0, 50, 0, 0];
  const [direct, peer] = [1, 3].map((ms) => spells.map((spell) => ms + spell));
  expect(bootstrap([direct!, peer!], added, seededRandom(3))).toEqual({
    low: 2,
    value: 2,
    high: 2,
  });
});

test("a spell that slows one round of one peer alone does not move it either", () => {
  expect(added([1, 1, 1, 1, 1], [3, 3, 90, 3, 3])).toBe(2);
});

test("the ratio of what two peers add has the direct way taken off both", () => {
  expect(addedRatio([10, 10], [13, 13], [12, 12])).toBe(1.5);
});

test("there is no ratio to a peer that seems to add nothing", () => {
  expect(addedRatio([10, 10], [13, 13], [10, 10])).toBeNaN();
  expect(addedRatio([10, 10], [9, 9], [8, 8])).toBeNaN();
});

test("a ratio of rounds compares each round with the one beside it", () => {
  const interval = ratioOfRounds([2, 20, 200], [1, 10, 100], seededRandom(5));
  expect(interval).toEqual({ low: 2, value: 2, high: 2 });
});

test("a slope is found in spite of a step, and flat is flat", () => {
  const points = Array.from({ length: 9 }, (_, x) => [x, 3 * x + (x > 6 ? -50 : 0)] as const);
  expect(slopeOf(points)).toBe(3);
  expect(
    slopeOf([
      [0, 5],
      [1, 5],
      [2, 5],
    ]),
  ).toBe(0);
});

test("what grows under noise has a slope whose low end is above 0, and what does not has none", () => {
  const random = seededRandom(7);
  const looks = (perLook: number) =>
    Array.from({ length: 17 }, (_, x) => [x, perLook * x + 30 * random()] as const);
  const lows = (perLook: number) =>
    Array.from({ length: 40 }, () => slopeInterval(looks(perLook), random).low);
  expect(lows(4).filter((low) => low > 0).length).toBeGreaterThan(36);
  expect(lows(0).filter((low) => low > 0).length).toBeLessThan(8);
});

test("series with different rounds are refused", () => {
  expect(() => bootstrap([[1], [1, 2]], added, seededRandom(6))).toThrow(/same rounds/);
  expect(() => bootstrap([[]], medianOf, seededRandom(6))).toThrow(/at least one/);
});

test("a pooled quantile is of all rounds' samples, however many each has", () => {
  const [ones, others] = [
    [[4, 4, 4], [8]],
    [
      [2, 2],
      [2, 2, 4],
    ],
  ];
  const { one, other, ratio } = pooledQuantile(ones, others, 1, seededRandom(5));
  expect([one.value, other.value, ratio.value]).toEqual([8, 4, 2]);
  // Of the rounds that are drawn, both peers' are: 4 over 2, or 8 over 4.
  expect(ratio).toMatchObject({ low: 2, high: 2 });
});
