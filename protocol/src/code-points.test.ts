import * as fc from "fast-check";
import { expect, it } from "vitest";
import { afterCodePoints, countCodePoints } from "./code-points.ts";

it("counts what iterating a string counts, unpaired surrogates too", () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 0xffff })), (units) => {
      const text = String.fromCharCode(...units);
      expect(countCodePoints(text)).toBe(Array.from(text).length);
    }),
  );
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (text) => {
      expect(countCodePoints(text)).toBe(Array.from(text).length);
    }),
  );
});

it("leaves what follows so many code points", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), fc.nat(20), (text, count) => {
      expect(afterCodePoints(text, count)).toBe(Array.from(text).slice(count).join(""));
    }),
  );
});
