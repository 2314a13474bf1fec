import { describe, expect, test } from "vitest";
import { advancePrefix, Warmth } from "./warmth.ts";

function holding(...prefixes: string[]): Warmth {
  const warmth = new Warmth();
  for (const prefix of prefixes) warmth.keep(prefix);
  return warmth;
}

const driveNobodyOut = (): string[] => [];

describe("a prefix", () => {
  test("becomes warm when a prompt that begins with it was read, and cold if that was given up", () => {
    expect(advancePrefix("cold", "sent")).toBe("warming");
    expect(advancePrefix("warming", "read")).toBe("warm");
    expect(advancePrefix("warming", "dropped")).toBe("cold");
    expect(advancePrefix("warm", "dropped")).toBe("warm");
  });

  test("loses its place only where it had one", () => {
    expect(advancePrefix("warm", "evicted")).toBe("evicted");
    expect(advancePrefix("cold", "evicted")).toBe("cold");
    expect(advancePrefix("evicted", "sent")).toBe("warming");
    expect(advancePrefix("warm", "forgotten")).toBe("cold");
  });
});

describe("warmth", () => {
  test("names cold prefixes, the one used last first, as many as the engine has room for", () => {
    const warmth = holding("mira", "bram", "odo");
    warmth.used("bram");
    expect(warmth.next(2, driveNobodyOut)).toBe("bram");
    warmth.happened("bram", "read");
    expect(warmth.next(2, driveNobodyOut)).toBe("odo");
    warmth.happened("odo", "read");
    expect(warmth.next(2, driveNobodyOut)).toBeUndefined();
    expect(warmth.isWanting(2, driveNobodyOut)).toBe(false);
    expect(warmth.counts).toEqual({ cold: 1, warming: 0, warm: 2, evicted: 0, refused: 0 });
  });

  test("names none that would drive out one which was used after it, but one before that", () => {
    const warmth = holding("odo", "bram", "mira");
    warmth.happened("mira", "read");
    const drivenOut = new Map([["bram", ["mira"]]]);
    const wouldEvict = (prefix: string): string[] => drivenOut.get(prefix) ?? [];
    expect(warmth.next(3, wouldEvict)).toBe("odo");
    warmth.happened("odo", "read");
    expect(warmth.next(3, wouldEvict)).toBeUndefined();
    expect(warmth.isWanting(3, wouldEvict)).toBe(false);
    // Used, it is worth more than the other.
    warmth.used("bram");
    expect(warmth.next(3, wouldEvict)).toBe("bram");
  });

  test("names one that has lost its place only where that takes nobody else's", () => {
    const warmth = holding("odo", "mira");
    warmth.happened("odo", "read");
    warmth.happened("mira", "read");
    warmth.happened("mira", "evicted");
    expect(warmth.next(2, () => ["odo"])).toBeUndefined();
    expect(warmth.next(2, () => ["somebody who has left"])).toBe("mira");
  });

  test("looks at no more than some prefixes, however many are cold", () => {
    const warmth = holding(...Array.from({ length: 1_000 }, (_, at) => `npc${at}`));
    warmth.happened("npc999", "read");
    let looks = 0;
    const evictsTheLast = (): string[] => {
      looks++;
      return ["npc999"];
    };
    expect(warmth.next(1_000, evictsTheLast)).toBeUndefined();
    expect(looks).toBeLessThan(20);
  });

  test("gives a prefix up that loses its place unused time and again, until it is used", () => {
    const warmth = holding("mira");
    for (const _ of [1, 2]) {
      expect(warmth.next(1, driveNobodyOut)).toBe("mira");
      warmth.happened("mira", "read");
      warmth.happened("mira", "evicted");
    }
    expect(warmth.next(1, driveNobodyOut)).toBeUndefined();
    warmth.used("mira");
    expect(warmth.next(1, driveNobodyOut)).toBe("mira");
  });

  test("never names one again that the engine refuses, until the engine is another", () => {
    const warmth = holding("mira");
    warmth.happened("mira", "refused");
    warmth.used("mira");
    expect(warmth.next(1, driveNobodyOut)).toBeUndefined();
    warmth.forgetAll();
    expect(warmth.next(1, driveNobodyOut)).toBe("mira");
  });

  test("keeps a prefix for as long as one of its characters is there", () => {
    const warmth = holding("mira", "mira", "bram");
    warmth.drop("mira");
    expect(warmth.stateOf("mira")).toBe("cold");
    expect(warmth.meanChars).toBe(4);
    warmth.drop("mira");
    expect(warmth.stateOf("mira")).toBeUndefined();
    warmth.drop("bram");
    expect(warmth.meanChars).toBe(0);
  });
});
