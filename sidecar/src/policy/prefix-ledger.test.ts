import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Place, PrefixLedger } from "./prefix-ledger.ts";

const LLAMA = { memoryChars: 0, minSimilarity: 0.1 };
/** Of the chat template. */
const TEMPLATE = 16;

function persona(name: string, chars = 1_000): string {
  return name.repeat(Math.ceil(chars / name.length)).slice(0, chars);
}

function say(ledger: PrefixLedger, ...prompt: string[]): Place {
  const place = ledger.take(prompt);
  ledger.release(place, true);
  return place;
}

function commonStart(one: string, other: string): string {
  let length = 0;
  while (length < one.length && one[length] === other[length]) length++;
  return one.slice(0, length);
}

describe("a ledger", () => {
  test("holds a prompt for uncached until a slot has read it, then all but what is new", () => {
    const ledger = new PrefixLedger(1, LLAMA);
    const mira = persona("mira");
    expect(ledger.uncachedChars([mira, "Hi."])).toBe(TEMPLATE + 1_003);
    say(ledger, mira, "Hi.");
    expect(ledger.holds(mira)).toBe(true);
    expect(ledger.uncachedChars([mira, "Hello"])).toBe(4);
    expect(ledger.uncachedChars([persona("bram"), "Hi."])).toBe(1_003);
  });

  test("has a prompt that was given up for uncached, but for what it found", () => {
    const ledger = new PrefixLedger(1, LLAMA);
    const mira = persona("mira");
    ledger.release(ledger.take([mira, "Hi."]), false);
    expect(ledger.holds(mira)).toBe(false);
    say(ledger, mira, "Hi.");
    ledger.release(ledger.take([mira, "Ho."]), false);
    expect(ledger.holds(mira)).toBe(true);
  });

  test("has cached of a prompt what it begins with in common with the last one, to the character", () => {
    // Long enough for chunks of whatever size, and often the same.
    const text = fc.tuple(fc.nat(300), fc.string({ maxLength: 3 }), fc.nat(100));
    const prompts = fc.array(fc.array(text, { minLength: 1, maxLength: 3 }), { maxLength: 12 });
    fc.assert(
      fc.property(prompts, (list) => {
        const ledger = new PrefixLedger(1, { ...LLAMA, minSimilarity: 0 });
        let last = "";
        for (const parts of list) {
          const prompt = parts.map(
            ([same, other, more]) => `${"a".repeat(same)}${other}${"b".repeat(more)}`,
          );
          // Where one text ends is part of it.
          const whole = prompt.join("\n");
          const common = commonStart(whole, last).replaceAll("\n", "").length;
          const kept = last === "" ? 0 : TEMPLATE + common;
          const chars = prompt.join("").length;
          expect(ledger.uncachedChars(prompt)).toBe(TEMPLATE + chars - kept);
          say(ledger, ...prompt);
          last = `${whole}\n`;
        }
      }),
    );
  });

  test("says whom a prompt drove out of the only slot", () => {
    const ledger = new PrefixLedger(1, LLAMA);
    const [mira, bram] = [persona("mira"), persona("bram")];
    say(ledger, mira, "Hi.");
    expect(say(ledger, bram, "Hi.").evicted).toEqual([mira]);
    expect(ledger.holds(mira)).toBe(false);
  });

  test("gives a stranger the slot that was unused for longest", () => {
    const ledger = new PrefixLedger(2, LLAMA);
    const [mira, bram, odo] = [persona("mira"), persona("bram"), persona("odo")];
    for (const one of [mira, bram, mira]) say(ledger, one, "Hi.");
    expect(say(ledger, odo, "Hi.").evicted).toEqual([bram]);
    expect([ledger.holds(mira), ledger.holds(odo)]).toEqual([true, true]);
  });

  test("keeps in memory who has lost their slot, the latest as far as there is room", () => {
    const ledger = new PrefixLedger(1, { ...LLAMA, memoryChars: 2_500 });
    const names = ["mira", "bram", "odo", "una"].map((name) => persona(name));
    for (const name of names) say(ledger, name, "Hi.");
    expect(names.map((name) => ledger.holds(name))).toEqual([false, true, true, true]);
    expect(ledger.capacity(1_000)).toBe(3);
    expect(ledger.uncachedChars([names[1] ?? "", "Hi!"])).toBeLessThan(5);
  });

  test("loses those whose long preamble the next prompt shares: they are not put into memory", () => {
    const ledger = new PrefixLedger(1, { ...LLAMA, memoryChars: 100_000 });
    const lore = persona("lore", 2_000);
    say(ledger, `${lore}mira`, "Hi.");
    expect(say(ledger, `${lore}bram`, "Hi.").evicted).toEqual([`${lore}mira`]);
  });

  test("of an engine of more sequences than slots has room for a prompt in each, however many slots", () => {
    const ledger = new PrefixLedger(1, { ...LLAMA, sequences: 3 });
    const names = ["mira", "bram", "odo"].map((name) => persona(name));
    for (const name of names) say(ledger, name, "Hi.");
    expect(ledger.capacity(1_000)).toBe(3);
    ledger.resize(2);
    expect(names.map((name) => ledger.holds(name))).toEqual([true, true, true]);
    ledger.resize(5);
    expect(ledger.capacity(1_000)).toBe(5);
  });

  test("forgets everything with its engine", () => {
    const ledger = new PrefixLedger(2, { ...LLAMA, memoryChars: 10_000 });
    for (const name of ["mira", "bram", "odo"]) say(ledger, persona(name), "Hi.");
    ledger.clear(0);
    expect(ledger.holds(persona("odo"))).toBe(false);
    expect(ledger.capacity(1_000)).toBe(2);
  });

  test("never holds more prefixes than it has room for, and tells beforehand and afterwards which it loses", () => {
    const step = fc.record({ who: fc.nat(12), isRead: fc.boolean(), isHeld: fc.boolean() });
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 4 }),
        fc.nat(5_000),
        fc.array(step, { maxLength: 80 }),
        (slots, memoryChars, steps) => {
          const ledger = new PrefixLedger(slots, { ...LLAMA, memoryChars });
          // Every other one shares more than half of itself with the others of its kind.
          const names = Array.from({ length: 13 }, (_, who) =>
            who % 2 === 0 ? persona(`${who}-`) : persona("rules", 700) + persona(`${who}-`, 300),
          );
          const held: Place[] = [];
          for (const { who, isRead, isHeld } of steps) {
            const name = names[who] ?? "";
            const wasHeld = names.filter((one) => ledger.holds(one));
            const foretold = ledger.wouldEvict([name, "Hi."]);
            const { uncachedChars, evicted, ...place } = ledger.take([name, "Hi."]);
            expect(uncachedChars).toBeGreaterThanOrEqual(0);
            const lost = wasHeld.filter((one) => one !== name && !ledger.holds(one));
            expect(evicted).toEqual(expect.arrayContaining(lost));
            expect(foretold.toSorted()).toEqual(lost.toSorted());
            held.push({ uncachedChars, evicted, ...place });
            if (isHeld && held.length < slots) continue;
            for (const one of held.splice(0)) ledger.release(one, isRead);
            const cached = names.filter((one) => ledger.holds(one)).length;
            expect(cached).toBeLessThanOrEqual(ledger.capacity(1_000));
          }
        },
      ),
    );
  });
});
