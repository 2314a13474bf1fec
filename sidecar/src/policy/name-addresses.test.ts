import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { advanceAddresses, type KnownAddress, MISSES_TO_LET_GO } from "./name-addresses.ts";

const MAX = 4;

function after(...answers: readonly (readonly string[])[]): string[] {
  let known: readonly KnownAddress[] = [];
  for (const told of answers) known = advanceAddresses(known, told, MAX);
  return known.map(({ address }) => address);
}

describe("an address", () => {
  test("that is new is there at once, behind those that were known before", () => {
    expect(after(["b"], ["a", "b"])).toEqual(["b", "a"]);
  });

  test("goes once it is missing from several answers in a row, and not by as many with it between them", () => {
    const without = Array.from({ length: MISSES_TO_LET_GO - 1 }, () => ["a"]);
    expect(after(["a", "b"], ...without)).toEqual(["a", "b"]);
    expect(after(["a", "b"], ...without, ["b"], ...without)).toEqual(["a", "b"]);
    expect(after(["a", "b"], ...without, ["a"])).toEqual(["a"]);
  });

  test("stays where an answer has no address at all", () => {
    expect(after(["a"], ...Array.from({ length: 50 }, () => []))).toEqual(["a"]);
  });

  test("beyond the bound is left out, whatever the order in which it was told", () => {
    expect(after(["e", "c", "a", "d", "b"])).toEqual(["a", "b", "c", "d"]);
    expect(after(["b", "c", "d", "e"], ["a", "b", "c", "d", "e"])).toEqual(["b", "c", "d", "e"]);
  });
});

test("whatever is told, addresses are within the bound, once each, and only those told of late", () => {
  const answer = fc.array(fc.constantFrom("a", "b", "c", "d", "e", "f"), { maxLength: 8 });
  fc.assert(
    fc.property(fc.array(answer, { minLength: 1, maxLength: 40 }), (answers) => {
      let known: readonly KnownAddress[] = [];
      for (const [at, told] of answers.entries()) {
        const before = known;
        known = advanceAddresses(known, told, MAX);
        const addresses = known.map(({ address }) => address);
        expect(addresses.length).toBeLessThanOrEqual(MAX);
        expect(new Set(addresses).size).toBe(addresses.length);
        expect(known.length > 0 || before.length === 0).toBe(true);
        const late = answers
          .slice(0, at + 1)
          .filter(({ length }) => length > 0)
          .slice(-MISSES_TO_LET_GO);
        for (const address of addresses) expect(late.flat()).toContain(address);
      }
    }),
  );
});
