import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { hashOf, type Placeable, rank } from "./placement.ts";

const CHARACTERS = Array.from({ length: 2_000 }, (_, at) => hashOf(`You are character ${at}.`));

function endpoints(count: number): Placeable[] {
  return Array.from({ length: count }, (_, at) => ({
    id: hashOf(`http://10.0.0.${at}:11434`),
    weight: 1,
  }));
}

function homes(all: readonly Placeable[]): (number | undefined)[] {
  return CHARACTERS.map((key) => rank(key, all)[0]?.id);
}

describe("placement", () => {
  test("gives each of several endpoints its share of the characters", () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 8 }), { minLength: 2, maxLength: 6 }),
        (of) => {
          const all = endpoints(of.length).map(({ id }, at) => ({ id, weight: of[at] ?? 0 }));
          const total = of.reduce((sum, weight) => sum + weight, 0);
          const at = homes(all);
          for (const { id, weight } of all) {
            const share = at.filter((home) => home === id).length / CHARACTERS.length;
            expect(Math.abs(share - weight / total)).toBeLessThan(0.06);
          }
        },
      ),
      { numRuns: 30 },
    );
  });

  test("moves only those characters that a new endpoint wins, to that one", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 8 }), (count) => {
        const all = endpoints(count + 1);
        const newest = all.at(-1)?.id;
        const [before, after] = [homes(all.slice(0, -1)), homes(all)];
        const changed = after.filter((home, at) => home !== before[at]);
        expect(changed.filter((home) => home !== newest)).toEqual([]);
        const moved = after.filter((home) => home === newest).length / CHARACTERS.length;
        expect(moved).toBeLessThan(1 / (count + 1) + 0.05);
      }),
    );
  });

  test("moves those of an endpoint that is lost to the one that they preferred next", () => {
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 8 }), fc.nat(7), (count, pick) => {
        const all = endpoints(count);
        const lost = all[pick % count];
        for (const key of CHARACTERS.slice(0, 200)) {
          const order = rank(key, all).filter((endpoint) => endpoint !== lost);
          expect(
            rank(
              key,
              all.filter((endpoint) => endpoint !== lost),
            ),
          ).toEqual(order);
        }
      }),
    );
  });

  test("lets an endpoint whose weight grows win characters, and lose none", () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 1, noNaN: true }), (share) => {
        const [first = { id: 0, weight: 0 }, ...rest] = endpoints(3);
        const before = homes([{ ...first, weight: share / 2 }, ...rest]);
        const after = homes([{ ...first, weight: share }, ...rest]);
        const changed = after.filter((home, at) => home !== before[at]);
        expect(changed.filter((home) => home !== first.id)).toEqual([]);
      }),
    );
  });

  test("does not depend on the order in which endpoints are named, and gives nobody to one of no weight", () => {
    const [first = { id: 0, weight: 0 }, ...rest] = endpoints(4);
    expect(homes([...rest, first])).toEqual(homes([first, ...rest]));
    expect(homes([{ ...first, weight: 0 }, ...rest])).not.toContain(first.id);
  });
});
