import * as fc from "fast-check";
import { expect, test } from "vitest";
import { PrefixLedger } from "./prefix-ledger.ts";
import { Scheduler } from "./scheduler.ts";

const TURN_MS = 100;
const RULES = { minSimilarity: 0.1 };

interface Tavern {
  readonly characters: number;
  readonly slots: number;
  /** Room for prompts that have lost their slot, characters. */
  readonly memoryChars: number;
  /** What all personas begin with. */
  readonly preambleChars: number;
}

const tavern: fc.Arbitrary<Tavern> = fc.record({
  characters: fc.integer({ min: 1, max: 24 }),
  slots: fc.integer({ min: 1, max: 4 }),
  memoryChars: fc.constantFrom(0, 3_000, 20_000, 1_000_000),
  preambleChars: fc.constantFrom(0, 200, 2_000),
});

/** Characters at an endpoint that has time for warm-ups between any two lines. */
class World {
  readonly prefixes: readonly string[];
  readonly #scheduler: Scheduler<string>;
  /** What the engine has cached. */
  readonly #engine: PrefixLedger;
  /** Those that were used, the last one at the end. */
  #used: readonly string[] = [];
  #nowMs = 0;
  warmUps = 0;
  /** Prefixes that a warm-up drove out though they were used later. */
  readonly wronged: string[] = [];

  constructor({ characters, slots, memoryChars, preambleChars }: Tavern) {
    this.#scheduler = new Scheduler({
      slots,
      maxWaiting: 1,
      zombieHoldMs: 0,
      cache: { ...RULES, memoryChars },
    });
    this.#engine = new PrefixLedger(slots, { ...RULES, memoryChars });
    const preamble = "x".repeat(preambleChars);
    this.prefixes = Array.from({ length: characters }, (_, who) =>
      preamble.concat(`${who} `.repeat(200)),
    );
    for (const prefix of this.prefixes) this.#scheduler.warmth.keep(prefix);
  }

  say(who: number): void {
    const prefix = this.prefixes[who % this.prefixes.length] ?? "";
    this.#used = [...this.#used.filter((one) => one !== prefix), prefix];
    this.#read(prefix, "reply");
  }

  /** Reads prefixes until none is left to be read. */
  rest(): void {
    for (;;) {
      const prefix = this.#scheduler.nextToWarm();
      if (prefix === undefined) return;
      this.warmUps++;
      const later = this.#used.slice(this.#used.indexOf(prefix) + 1);
      const held = later.filter((one) => this.#engine.holds(one));
      this.#read(prefix, "ambient");
      this.wronged.push(...held.filter((one) => !this.#engine.holds(one)));
    }
  }

  #read(prefix: string, priority: "reply" | "ambient"): void {
    const prompt = [prefix, `Hello ${this.#nowMs}.`];
    this.#engine.release(this.#engine.take(prompt), true);
    const wish = { priority, room: 1, deadlineMs: Infinity, prompt };
    this.#scheduler.ask(prefix, wish, this.#nowMs);
    this.#nowMs += TURN_MS;
    const usage = { promptTokens: prefix.length / 4, prefillMs: 10, loadMs: 0 };
    this.#scheduler.done(prefix, usage, this.#nowMs);
  }
}

test("characters whom nobody asks are warmed once each at most, however long nobody does", () => {
  fc.assert(
    fc.property(tavern, (given) => {
      const world = new World(given);
      for (let rest = 0; rest < 20; rest++) world.rest();
      expect(world.warmUps).toBeGreaterThan(0);
      expect(world.warmUps).toBeLessThanOrEqual(given.characters);
    }),
  );
});

test("a warm-up drives nobody out who was asked later, and one follows few lines only, also where there is no room for all", () => {
  const lines = fc.array(fc.nat(23), { minLength: 100, maxLength: 300 });
  fc.assert(
    fc.property(tavern, lines, (given, asked) => {
      const world = new World(given);
      world.rest();
      for (const who of asked) {
        world.say(who);
        world.rest();
      }
      expect(world.wronged).toEqual([]);
      expect(world.warmUps).toBeLessThanOrEqual(given.characters + asked.length / 5);
    }),
  );
});
