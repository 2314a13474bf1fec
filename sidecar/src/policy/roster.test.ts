import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { FAILURES_TO_EJECT } from "./ejection.ts";
import { hashOf } from "./placement.ts";
import { type Candidate, candidatesFor, homesOf, isLast } from "./roster.ts";
import { Trust } from "./trust.ts";

const NOW_MS = 100_000;

function candidate(name: string, spec: Partial<Candidate["spec"]> = {}, isAvailable = true) {
  return {
    id: hashOf(name),
    spec: { slots: 2, serves: ["reply", "nearby", "ambient"] as const, characters: [], ...spec },
    isAvailable,
    warmSinceMs: 0,
    trust: new Trust(),
  } satisfies Candidate;
}

function eject({ trust }: Candidate): void {
  for (let time = 0; time < FAILURES_TO_EJECT; time++) trust.failed(false, NOW_MS);
}

const MIRA = { character: "mira", priority: "reply", key: hashOf("You are Mira.") } as const;

describe("who may answer a cue", () => {
  test("is nobody who cannot be asked, and one who has been ejected only if there is nobody else", () => {
    const all = [candidate("a"), candidate("b"), candidate("c", {}, false)];
    const [, b] = all;
    if (b) eject(b);
    expect(candidatesFor(MIRA, all, NOW_MS)).toEqual([all[0]]);
    if (all[0]) eject(all[0]);
    expect(new Set(candidatesFor(MIRA, all, NOW_MS))).toEqual(new Set(all.slice(0, 2)));
  });

  test("is who is for its character, then for its priority; others while none of those can", () => {
    const large = candidate("large", { serves: ["reply"] });
    const small = candidate("small", { serves: ["ambient"] });
    const hers = candidate("hers", { characters: ["mira"] });
    const odo = { ...MIRA, character: "odo" };
    const all = [large, small, hers];
    expect(candidatesFor(MIRA, all, NOW_MS)).toEqual([hers]);
    expect(candidatesFor(odo, all, NOW_MS)).toEqual([large]);
    expect(candidatesFor({ ...odo, priority: "ambient" }, all, NOW_MS)).toEqual([small]);
    eject(large);
    expect(candidatesFor(odo, all, NOW_MS)).toEqual([small]);
    expect(candidatesFor(odo, [hers], NOW_MS)).toEqual([hers]);
  });
});

test("one that is for a character's ambience alone does not answer for it where it replies", () => {
  const [large, any] = [candidate("large", { serves: ["reply"] }), candidate("any")];
  const hers = candidate("hers", { serves: ["ambient"], characters: ["mira"] });
  const ambience = { ...MIRA, priority: "ambient" } as const;
  expect(candidatesFor(MIRA, [large, hers], NOW_MS)).toEqual([large]);
  expect(candidatesFor(ambience, [large, hers, any], NOW_MS)).toEqual([hers]);
  // Who is for nobody else's characters comes before who is for others'.
  expect(candidatesFor({ ...MIRA, character: "odo" }, [hers, any], NOW_MS)).toEqual([any]);
  expect(candidatesFor(MIRA, [hers, candidate("his", { characters: ["odo"] })], NOW_MS)).toEqual([
    hers,
  ]);
});

test("one is the last if no other could answer, ejected ones not counted", () => {
  const [a, b] = [candidate("a"), candidate("b")];
  expect(isLast(a, [a, b], NOW_MS)).toBe(false);
  eject(b);
  expect(isLast(a, [a, b], NOW_MS)).toBe(true);
  expect(isLast(a, [a, candidate("c", {}, false)], NOW_MS)).toBe(true);
});

test("a prefix is kept where its character is at home and where it goes next, for each kind of cue", () => {
  fc.assert(
    fc.property(fc.string(), fc.integer({ min: 1, max: 6 }), (prefix, count) => {
      const all = Array.from({ length: count }, (_, at) => candidate(`${at}`));
      const homes = homesOf("mira", () => prefix, all);
      const ranked = candidatesFor({ ...MIRA, key: hashOf(prefix) }, all, NOW_MS);
      expect(homes).toEqual(new Set(ranked.slice(0, 2)));
      const forAmbience = candidate("ambience", { serves: ["ambient"] });
      const forOthers = Array.from({ length: count }, (_, at) =>
        candidate(`${at}`, { serves: ["reply", "nearby"] }),
      );
      expect(homesOf("mira", () => prefix, [...forOthers, forAmbience])).toContain(forAmbience);
    }),
  );
});
