import { NO_HITS, type HitRates } from "@banterwire/protocol/client";
import { afterEach, beforeEach, expect, test } from "vitest";
import { CAST } from "./testing/virtual/virtual-game.ts";
import { VirtualWorld } from "./testing/virtual/virtual-world.ts";

const BUDGET_MS = 200;
/** One of the two can answer them all by itself. */
const GAP_MS = 90;

let world: VirtualWorld;

/** Games, a whole sidecar and two Ollamas of four slots each, all of them warm for long. */
beforeEach(async () => {
  world = new VirtualWorld({
    slots: 4,
    upDelayMs: 0,
    downDelayMs: 0,
    pieceBytes: 100_000,
    engines: 2,
    abortLoses: false,
  });
  await world.pass(20_000);
});

/** Each cue had one answer in time, nothing was spliced, and nothing is in flight anywhere. */
async function expectAnswered(): Promise<void> {
  expect(await world.aftermath()).toEqual([]);
  const { cues, anyHits } = hitRates();
  expect(anyHits).toBe(cues);
}

afterEach(expectAnswered);

function hitRates(): HitRates {
  const [one, other] = [world.clientOf(0).hitRates, world.clientOf(1).hitRates];
  const sum: HitRates = { ...NO_HITS };
  const keys = Object.keys(NO_HITS) as (keyof HitRates)[];
  return Object.assign(sum, ...keys.map((key) => ({ [key]: one[key] + other[key] })));
}

/** Cues of all characters in turn, in both games; returns what share of them the model answered. */
async function play(cues: number): Promise<number> {
  await world.pass(2_000);
  const before = hitRates();
  for (let at = 0; at < cues; at++) await cue(at);
  await world.pass(2_000);
  const after = hitRates();
  expect(after.cues - before.cues).toBe(cues);
  return (after.modelHits - before.modelHits) / cues;
}

async function cue(at: number): Promise<void> {
  await world.make({
    do: "cue",
    game: at % 2,
    room: (at >> 1) % 2,
    candidates: [CAST[at % CAST.length] ?? "mira"],
    budgetMs: BUDGET_MS,
    priority: "reply",
    supersedes: false,
  });
  await world.pass(GAP_MS);
  expect(world.breaches()).toEqual([]);
}

/** Which of the two is asked more often. */
function home(): number {
  return world.statusOf(0).opens > world.statusOf(1).opens ? 0 : 1;
}

test("of two Ollamas, one that is killed while it speaks costs no cue its words, and few the model's", async () => {
  expect(await play(60)).toBe(1);
  for (let at = 0; at < 12; at++) await cue(at);
  const killed = home();
  expect(world.statusOf(killed).inFlight).toBeGreaterThan(0);
  await world.make({ do: "engineDown", engine: killed, forMs: 4_000 });
  for (let at = 0; at < 40; at++) await cue(at);
  expect(world.statusOf(killed).state).toBe("down");
  expect(await play(60)).toBeGreaterThan(0.95);
  expect(world.statusOf(killed).state).toBe("warm");
});

test("of two Ollamas, one that turns slow is left alone after a few misses", async () => {
  await play(60);
  for (const engine of [0, 1]) {
    await world.make({ do: "turn", engine, mood: "slowFirstToken", forMs: 15_000 });
    await play(40);
    expect(await play(60)).toBeGreaterThan(0.9);
    await world.pass(60_000);
    expect(await play(60)).toBe(1);
  }
});

test("of two Ollamas, one that flaps costs few cues the model's words", async () => {
  await play(60);
  const before = hitRates();
  for (let time = 0; time < 10; time++) {
    await world.make({ do: "engineDown", engine: time % 2, forMs: 300 });
    for (let at = 0; at < 40; at++) await cue(at);
  }
  await world.pass(2_000);
  const after = hitRates();
  expect((after.modelHits - before.modelHits) / 400).toBeGreaterThan(0.85);
});

test("of two Ollamas, one that answers its health checks and no line is quarantined, and serves again", async () => {
  await play(60);
  const engine = home();
  await world.make({ do: "turn", engine, mood: "blackHole", forMs: 120_000 });
  await play(60);
  // It may have been reading a prefix, which may take a minute, when it stopped.
  await world.pass(90_000);
  expect(world.statusOf(engine).trouble?.code).toBe("wedged");
  expect(await play(60)).toBe(1);
  await world.pass(90_000);
  expect(world.statusOf(engine)).toMatchObject({ state: "warm", trouble: null });
  expect(await play(60)).toBe(1);
});

test("with both of two Ollamas down every cue has authored words in time, and the model's once they are back", async () => {
  await play(60);
  for (const engine of [0, 1]) await world.make({ do: "engineDown", engine, forMs: 4_000 });
  const before = hitRates();
  for (let at = 0; at < 60; at++) await cue(at);
  expect(hitRates().modelHits - before.modelHits).toBeLessThan(10);
  await world.pass(20_000);
  expect(await play(60)).toBe(1);
});
