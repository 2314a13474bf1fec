import { describe, expect, test } from "vitest";
import { advancePrefix, Warmth } from "./warmth.ts";

function holding(...prefixes: string[]): Warmth {
  const warmth = new Warmth();
  for (const prefix of prefixes) warmth.keep(prefix);
  return warmth;
}

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
    expect(warmth.next(2)).toBe("bram");
    warmth.happened("bram", "read");
    expect(warmth.next(2)).toBe("odo");
    warmth.happened("odo", "read");
    expect(warmth.next(2)).toBeUndefined();
    expect(warmth.isWanting(2)).toBe(false);
    expect(warmth.counts).toEqual({ cold: 1, warming: 0, warm: 2, evicted: 0, refused: 0 });
  });

  test("gives a prefix up that loses its place unused time and again, until it is used", () => {
    const warmth = holding("mira");
    for (const _ of [1, 2]) {
      expect(warmth.next(1)).toBe("mira");
      warmth.happened("mira", "read");
      warmth.happened("mira", "evicted");
    }
    expect(warmth.next(1)).toBeUndefined();
    warmth.used("mira");
    expect(warmth.next(1)).toBe("mira");
  });

  test("never names one again that the engine refuses, until the engine is another", () => {
    const warmth = holding("mira");
    warmth.happened("mira", "refused");
    warmth.used("mira");
    expect(warmth.next(1)).toBeUndefined();
    warmth.forgetAll();
    expect(warmth.next(1)).toBe("mira");
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
