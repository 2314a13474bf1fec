import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { PRIORITIES } from "@banterwire/protocol";
import { MAX_HEDGE_SHARE } from "../policy/hedging.ts";
import { totalOf } from "./books.ts";
import type { Ending } from "./line.ts";
import { scenarioSchema } from "./scenario.ts";
import { simulate, type SimulationOptions } from "./simulation.ts";

/** Fast and even, so that what is due can be told beforehand. */
const EVEN = { overheadMs: 50, prefillMsPerToken: 0.05, spread: 0, contention: 0, loadMs: 2_000 };
const SLOTS = 4;
/** Lines a second that such an engine can serve when no slot is ever idle: 50 ms, and 24 tokens at 150 a second. */
const CAPACITY = (SLOTS * 1_000) / (50 + 160);
const CAST = { rooms: 12, charactersPerRoom: 6, personas: 24 };
const ENGINE = { slots: SLOTS, latency: EVEN };

function play(parts: object, options: SimulationOptions = {}) {
  const endings: Ending[] = [];
  const scenario = scenarioSchema.parse({ ...CAST, ...parts });
  const observe = (ending: Ending) => endings.push(ending);
  return { scenario, endings, figures: simulate(scenario, { ...options, observe }) };
}

/** Replies at so many times what one endpoint can serve, and nothing else. */
function load(times: number) {
  const repliesPerPlayerMinute = (times * CAPACITY * 60) / 40;
  return { players: 40, repliesPerPlayerMinute, nearbyPerPlayerMinute: 0, ambientPerRoomMinute: 0 };
}

function within(endings: readonly Ending[], fromSeconds: number, toSeconds: number): Ending[] {
  const found = endings.filter(
    ({ arrival: { atMs } }) => atMs >= fromSeconds * 1_000 && atMs < toSeconds * 1_000,
  );
  expect(found.length).toBeGreaterThan(10);
  return found;
}

/** The share of lines from the model, in time, of the cues of a time. */
function hitRate(endings: readonly Ending[], fromSeconds: number, toSeconds: number): number {
  const found = within(endings, fromSeconds, toSeconds);
  return found.filter(({ source }) => source === "model").length / found.length;
}

/** The share of lines that one endpoint spoke, of the cues of a time. */
function shareOf(
  by: number,
  endings: readonly Ending[],
  fromSeconds: number,
  toSeconds: number,
): number {
  const found = within(endings, fromSeconds, toSeconds);
  return found.filter((ending) => ending.by === by).length / found.length;
}

test("two endpoints answer more than one at nine tenths of what one can serve", () => {
  const game = { ...load(0.9), minutes: 5 };
  const one = play({ ...game, endpoints: [ENGINE] }).figures;
  const two = play({ ...game, endpoints: [ENGINE, ENGINE] }).figures;
  expect(one.modelHitRate).toBeLessThan(0.9);
  expect(two.modelHitRate).toBeGreaterThan(0.97);
  expect([one.anyHitRate, two.anyHitRate]).toEqual([1, 1]);
  expect(two.cues).toBe(one.cues);
});

test("two endpoints answer twice as much as one where a crowd asks for more than both can serve", () => {
  const engine = { slots: SLOTS, latency: { spread: 0.3 } };
  const game = { ...load(3), minutes: 5 };
  const one = play({ ...game, endpoints: [engine] }).figures;
  const two = play({ ...game, endpoints: [engine, engine] }).figures;
  // Where some cues are late everywhere, an endpoint that came back is not held to its first miss.
  expect(two.goodputPerSecond).toBeGreaterThan(1.8 * one.goodputPerSecond);
});

/** Two endpoints with time to spare, one of which fails. */
function playWith(failure: object, parts: object = {}) {
  const endpoints = [{ ...ENGINE, failures: [failure], ...parts }, ENGINE];
  return play({ ...load(0.4), minutes: 4, endpoints });
}

describe("one of two endpoints", () => {
  test("killed: the other answers for it, and it gets its characters back a few at a time", () => {
    const { endings, figures } = playWith({ kind: "down", fromSeconds: 60, toSeconds: 100 });
    expect(hitRate(endings, 0, 60)).toBeGreaterThan(0.99);
    expect(hitRate(endings, 61, 100)).toBeGreaterThan(0.95);
    expect(shareOf(0, endings, 61, 100)).toBe(0);
    // It is loaded in 2 s, and lets characters in over 10 s: no stampede to cold prefixes.
    expect(hitRate(endings, 100, 115)).toBeGreaterThan(0.95);
    const [early, late] = [shareOf(0, endings, 102, 106), shareOf(0, endings, 114, 240)];
    expect(early).toBeLessThan(late / 2);
    expect(late).toBeGreaterThan(0.25);
    expect(Math.abs(late - shareOf(0, endings, 0, 60))).toBeLessThan(0.1);
    expect(figures.routes.moves).toBeGreaterThan(0);
  });

  test("killed while it is busy: cues that wait for their first words go on at the other in time", () => {
    const { figures } = playWith({ kind: "down", fromSeconds: 60, toSeconds: 100 });
    expect(figures.routes.failovers).toBeGreaterThan(0);
    expect(totalOf(figures, "upstream")).toBe(0);
  });

  test("turned slow: its characters are answered by the other, and come back once it is well", () => {
    const { endings, figures } = playWith({
      kind: "slow",
      factor: 20,
      fromSeconds: 60,
      toSeconds: 120,
    });
    expect(figures.routes.ejections).toBeGreaterThan(0);
    expect(hitRate(endings, 65, 120)).toBeGreaterThan(0.9);
    expect(shareOf(0, endings, 65, 120)).toBeLessThan(0.05);
    expect(hitRate(endings, 180, 240)).toBeGreaterThan(0.98);
    expect(shareOf(0, endings, 180, 240)).toBeGreaterThan(0.25);
  });

  test("wedged: it is left alone until a canary has been answered", () => {
    const { endings } = playWith({ kind: "wedge", fromSeconds: 60, toSeconds: 120 });
    expect(hitRate(endings, 65, 120)).toBeGreaterThan(0.95);
    expect(shareOf(0, endings, 61, 120)).toBe(0);
    expect(shareOf(0, endings, 200, 240)).toBeGreaterThan(0.25);
  });

  test("that flaps costs few cues, and gets no more of them than its share of the time", () => {
    const flap = { kind: "flap", fromSeconds: 60, toSeconds: 180, downSeconds: 1, upSeconds: 3 };
    const { endings } = playWith(flap, { latency: { ...EVEN, loadMs: 300 } });
    expect(hitRate(endings, 60, 180)).toBeGreaterThan(0.95);
    const usual = shareOf(0, endings, 0, 60);
    expect(shareOf(0, endings, 60, 180)).toBeLessThan((usual * 3) / 4);
  });
});

test("with all endpoints down lines are authored ones; they are the model's again once one is back", () => {
  const down = { kind: "down", fromSeconds: 60 };
  const endpoints = [
    { ...ENGINE, failures: [{ ...down, toSeconds: 100 }] },
    { ...ENGINE, failures: [{ ...down, toSeconds: 120 }] },
  ];
  const { endings, figures } = play({ ...load(0.4), minutes: 3, endpoints });
  expect(hitRate(endings, 61, 100)).toBe(0);
  expect(figures.anyHitRate).toBe(1);
  expect(hitRate(endings, 106, 120)).toBeGreaterThan(0.9);
});

describe("a late line", () => {
  const latency = { ...EVEN, spread: 0.1, stragglerShare: 0.03, stragglerMs: 500 };
  const game = {
    ...load(0.5),
    minutes: 10,
    budgetMs: 10_000,
    endpoints: [
      { ...ENGINE, latency },
      { ...ENGINE, latency },
    ],
  };

  test("is asked for at a second endpoint: fewer long waits for at most 5% more requests", () => {
    const off = play(game, { hedges: false }).figures;
    const on = play(game).figures;
    expect(off.routes.hedges).toBe(0);
    expect(off.modelTtftMs.p99).toBeGreaterThan(500);
    expect(on.modelTtftMs.p99).toBeLessThan(250);
    expect(on.routes.hedgesWon).toBeGreaterThan(10);
    expect(on.routes.hedges).toBeLessThanOrEqual(MAX_HEDGE_SHARE * on.routes.sent);
    // The losers hold their slots until their prompts are read.
    expect(on.slotsZombie).toBeGreaterThan(off.slotsZombie);
  });
});

test("what endpoints are for: ambience from a small one, a character from the one that names it", () => {
  const quiet = { ...load(0.2), ambientPerRoomMinute: 2, minutes: 3 };
  const { endings } = play({
    ...quiet,
    endpoints: [
      { ...ENGINE, serves: ["reply", "nearby"] },
      { ...ENGINE, serves: ["ambient"] },
      { ...ENGINE, characters: [0] },
    ],
  });
  const kinds = Map.groupBy(endings, ({ arrival: { character, priority } }) =>
    character === 0 ? "named" : priority,
  );
  const homes = Array.from(kinds, ([kind, all]) => [kind, new Set(all.map(({ home }) => home))]);
  expect(Object.fromEntries(homes)).toEqual({
    named: new Set([2]),
    ambient: new Set([1]),
    reply: new Set([0]),
  });
});

const anyFailure = fc
  .record({
    kind: fc.constantFrom("down", "slow", "reload", "wedge", "flap"),
    fromSeconds: fc.integer({ min: 0, max: 40 }),
    forSeconds: fc.integer({ min: 1, max: 40 }),
  })
  .map(({ kind, fromSeconds, forSeconds }) => {
    const failure = { kind, fromSeconds, toSeconds: fromSeconds + forSeconds };
    return kind === "slow" ? Object.assign(failure, { factor: 8 }) : failure;
  });
const anyEndpoint = fc.record({
  slots: fc.integer({ min: 1, max: 5 }),
  latency: fc.record({
    overheadMs: fc.integer({ min: 10, max: 150 }),
    loadMs: fc.constantFrom(200, 4_000),
    stragglerShare: fc.constantFrom(0, 0.1),
  }),
  memoryTokens: fc.constantFrom(0, 200_000),
  serves: fc.subarray([...PRIORITIES], { minLength: 1 }),
  characters: fc.subarray([0, 1, 2], { maxLength: 2 }),
  failures: fc.array(anyFailure, { maxLength: 2 }),
});

test("whatever the endpoints, how many and what fails: books balance, slots are kept, a replay is the same", () => {
  fc.assert(
    fc.property(
      fc.nat(10_000),
      fc.integer({ min: 0, max: 500 }),
      fc.integer({ min: 20, max: 600 }),
      fc.array(anyEndpoint, { minLength: 1, maxLength: 4 }),
      (seed, players, budgetMs, endpoints) => {
        const parts = { seed, players, budgetMs, minutes: 1, endpoints };
        const crowd = { bursts: [{ perMinute: 3, cues: 40, withinMs: 0 }] };
        const { figures, endings } = play({ ...parts, ...crowd });
        const { routes } = figures;
        expect(totalOf(figures, "cues")).toBe(endings.length);
        expect(figures.cues + figures.ambient).toBe(endings.length);
        for (const { slots, mostAtOnce, slotsBusy, slotsZombie } of figures.endpoints) {
          expect(mostAtOnce).toBeLessThanOrEqual(slots);
          expect(slotsBusy + slotsZombie).toBeLessThanOrEqual(1 + 1e-9);
        }
        expect(routes.hedges).toBeLessThanOrEqual(MAX_HEDGE_SHARE * routes.sent + 1e-9);
        expect(routes.hedgesWon).toBeLessThanOrEqual(routes.hedges);
        const hits = figures.endpoints.reduce((sum, { modelHits }) => sum + modelHits, 0);
        expect(hits).toBe(Math.round((figures.modelHitRate ?? 0) * figures.cues));
        const late = endings.filter(({ ttftMs = 0 }) => ttftMs > budgetMs);
        expect(late).toEqual([]);
        expect(play({ ...parts, ...crowd }).figures).toEqual(figures);
      },
    ),
    { numRuns: 30 },
  );
});
