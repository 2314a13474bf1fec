import * as fc from "fast-check";
import { expect, it } from "vitest";
import { AuthoredLines } from "./authored.ts";

it("never deals the same authored line twice in a row, and deals each before any again", () => {
  fc.assert(
    fc.property(
      fc.uniqueArray(fc.string(), { minLength: 2, maxLength: 8 }),
      fc.infiniteStream(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })),
      (lines, chance) => {
        const dealer = new AuthoredLines(lines, () => chance.next().value ?? 0);
        const dealt = Array.from({ length: lines.length * 3 }, () => dealer.next());
        for (const [i, line] of dealt.entries()) expect(line).not.toBe(dealt[i + 1]);
        for (let round = 0; round < 3; round++) {
          const from = round * lines.length;
          expect(new Set(dealt.slice(from, from + lines.length)).size).toBe(lines.length);
        }
      },
    ),
  );
});

it("deals the only line there is, and undefined where none was authored", () => {
  const one = new AuthoredLines(["Hm."]);
  expect([one.next(), one.next()]).toEqual(["Hm.", "Hm."]);
  expect(new AuthoredLines([]).next()).toBeUndefined();
});

it("copes with an author who wrote the same line twice", () => {
  const dealer = new AuthoredLines(["Hm.", "Hm."], () => 0);
  expect([dealer.next(), dealer.next(), dealer.next()]).toEqual(["Hm.", "Hm.", "Hm."]);
});
