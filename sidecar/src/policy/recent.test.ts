import * as fc from "fast-check";
import { expect, test } from "vitest";
import { Recent } from "./recent.ts";

test("quantiles are those of the latest values, whatever came before", () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: -5, max: 5 }), { maxLength: 40 }),
      fc.integer({ min: 1, max: 8 }),
      fc.constantFrom(0, 0.25, 0.5, 0.8, 1),
      fc.constantFrom(-Infinity, -2, 0, 3),
      (values, max, q, above) => {
        const recent = new Recent(max);
        for (const value of values) recent.add(value);
        const kept = values.slice(-max);
        const counted = kept.filter((value) => value > above).toSorted((a, b) => a - b);
        expect(recent.count).toBe(kept.length);
        expect(recent.quantile(q, above)).toBe(counted[Math.round(q * (counted.length - 1))]);
      },
    ),
  );
});

test("the latest are kept, and as many fit beside them as before", () => {
  const recent = new Recent(4);
  for (const value of [1, 2, 3, 4, 5, 6]) recent.add(value);
  recent.keep(2);
  expect([recent.count, recent.quantile(0), recent.quantile(1)]).toEqual([2, 5, 6]);
  for (const value of [7, 8, 9]) recent.add(value);
  expect([recent.count, recent.quantile(0), recent.quantile(1)]).toEqual([4, 6, 9]);
});
