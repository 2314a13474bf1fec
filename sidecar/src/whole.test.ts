import * as fc from "fast-check";
import { expect, it } from "vitest";
import { type Mood, MOODS } from "./testing/moods.ts";
import type { Move } from "./testing/virtual/move.ts";
import { CAST } from "./testing/virtual/virtual-game.ts";
import { VirtualWorld, type WorldOptions } from "./testing/virtual/virtual-world.ts";

/** A long run: `WHOLE_RUNS=10000`; a failed one again: `WHOLE_SEED` and `WHOLE_PATH`, as it told. */
const { WHOLE_RUNS = "100", WHOLE_SEED = "20261121", WHOLE_PATH } = process.env;
const MAX_MOVES = 600;
const RUN_TIMEOUT_MS = 10_000;
/** Of looking for fewer moves that fail too, once some have failed. */
const SHRINK_TIMEOUT_MS = 60_000;

const game = fc.nat(1);
const room = fc.nat(1);
const character = fc.constantFrom(...CAST);
// An engine that goes on with what was given up for longer than its prefills ever took does get a
// request too many.
const MOOD_NAMES = (Object.keys(MOODS) as Mood[]).filter((mood) => mood !== "deaf");

const cue = fc.record({
  do: fc.constant("cue" as const),
  game,
  room,
  candidates: fc.uniqueArray(character, { minLength: 1, maxLength: CAST.length }),
  budgetMs: fc.oneof(
    { weight: 8, arbitrary: fc.integer({ min: 60, max: 400 }) },
    { weight: 1, arbitrary: fc.integer({ min: 0, max: 60 }) },
    { weight: 1, arbitrary: fc.integer({ min: 400, max: 3_000 }) },
  ),
  priority: fc.constantFrom("reply", "nearby", "ambient"),
  supersedes: fc.nat(4).map((chance) => chance === 0),
});

const ofRooms: fc.WeightedArbitrary<Move>[] = [
  { weight: 120, arbitrary: cue },
  { weight: 14, arbitrary: fc.record({ do: fc.constant("cancel"), game, pick: fc.nat(9) }) },
  {
    weight: 5,
    arbitrary: fc.record({ do: fc.constantFrom("register", "forget"), game, room, character }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("moveOut"), game, room }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("restartGame"), game }) },
  { weight: 6, arbitrary: fc.record({ do: fc.constant("cut"), game }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("deafen"), game }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("restartSidecar") }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant("stopReading"),
      game,
      forMs: fc.integer({ min: 1, max: 3_000 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("drain") }) },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant("refuse"), forMs: fc.integer({ min: 1, max: 3_000 }) }),
  },
];

const mood: fc.WeightedArbitrary<Move> = {
  weight: 10,
  arbitrary: fc.record({
    do: fc.constant("mood"),
    mood: fc.constantFrom(...MOOD_NAMES),
    times: fc.integer({ min: 1, max: 3 }),
  }),
};

const blackHoles: fc.WeightedArbitrary<Move> = {
  weight: 6,
  arbitrary: fc.record({
    do: fc.constant("mood"),
    mood: fc.constant("blackHole"),
    times: fc.integer({ min: 1, max: 12 }),
  }),
};

const otherCalls: fc.WeightedArbitrary<Move> = {
  weight: 1,
  arbitrary: fc.record({
    do: fc.constant("path"),
    engine: fc.nat(1),
    path: fc.constantFrom("/api/version", "/api/tags", "/api/ps", "/api/show"),
    mood: fc.constantFrom(...MOOD_NAMES),
    forMs: fc.integer({ min: 1, max: 8_000 }),
  }),
};

const evictions: fc.WeightedArbitrary<Move>[] = [
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant("turn"),
      engine: fc.nat(1),
      mood: fc.constantFrom(...MOOD_NAMES),
      forMs: fc.integer({ min: 1, max: 30_000 }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant("engineDown"),
      engine: fc.nat(1),
      forMs: fc.integer({ min: 1, max: 5_000 }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constantFrom("unload", "foreignReload"), engine: fc.nat(1) }),
  },
];

const ofTime: fc.WeightedArbitrary<Move>[] = [
  {
    weight: 120,
    arbitrary: fc.record({ do: fc.constant("pass"), ms: fc.integer({ min: 1, max: 60 }) }),
  },
  {
    weight: 6,
    arbitrary: fc.record({ do: fc.constant("pass"), ms: fc.integer({ min: 60, max: 4_000 }) }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constant("block"), ms: fc.integer({ min: 1, max: 400 }) }),
  },
];

const options: fc.Arbitrary<WorldOptions> = fc.record({
  slots: fc.integer({ min: 1, max: 4 }),
  upDelayMs: fc.constantFrom(0, 1, 30),
  downDelayMs: fc.constantFrom(0, 1, 30),
  pieceBytes: fc.constantFrom(7, 100_000),
  engines: fc.constantFrom(1, 2),
  whileLoading: fc.constantFrom("lists", "blocks", "hides"),
  abortLoses: fc.boolean(),
});

function movesOf(ofTheEngine: readonly fc.WeightedArbitrary<Move>[]): fc.Arbitrary<Move[]> {
  const any = fc.oneof(...ofRooms, ...ofTheEngine, ...ofTime);
  return fc.array(any, { maxLength: MAX_MOVES, size: "max" });
}

it.each([
  ["whatever games, players and the engine do", [mood, otherCalls, ...evictions]],
  // Each eviction excuses loads. Without any there is none, but for what a quarantine unloads.
  ["however often a model that stays in memory does not answer", [mood, otherCalls, blackHoles]],
] as const)(
  "%s, every cue has its answer and the books balance",
  { timeout: Number(WHOLE_RUNS) * RUN_TIMEOUT_MS + 2 * SHRINK_TIMEOUT_MS },
  (_what, ofTheEngine) =>
    fc.assert(
      fc.asyncProperty(options, movesOf(ofTheEngine), async (given, happening) => {
        const world = new VirtualWorld(given);
        await world.pass(5_000);
        for (const move of happening) {
          await world.make(move);
          expect(world.breaches()).toEqual([]);
        }
        expect(await world.aftermath()).toEqual([]);
      }),
      {
        numRuns: Number(WHOLE_RUNS),
        interruptAfterTimeLimit: Number(WHOLE_RUNS) * RUN_TIMEOUT_MS + SHRINK_TIMEOUT_MS,
        markInterruptAsFailure: true,
        seed: Number(WHOLE_SEED),
        ...(WHOLE_PATH !== undefined && { path: WHOLE_PATH }),
      },
    ),
);
