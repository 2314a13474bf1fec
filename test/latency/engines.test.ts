import { afterAll, afterEach, beforeAll, expect, test, vi } from "vitest";
import { MOODS, saying } from "@banterwire/sidecar/testing";
import {
  type Heard,
  LatencyGame,
  type LatencyTavern,
  STALL_MS,
  STALLING,
  TTFT_BUDGET_MS,
  USUAL_LINE,
} from "./latency-tavern.ts";
import { FALLBACK } from "./moods.ts";
import { isSpoilt } from "./spoilt.ts";
import { expectBalancedBooks, expectInBudget, expectModelAgain } from "./verdict.ts";

const LOAD_MS = 4_000;
const CUE_EVERY_MS = 100;
/** Zombie, canary and what a busy machine adds. */
const WEDGE_WITHIN_MS = 60_000;
const TEST_WITHIN_MS = 240_000;

const game = new LatencyGame();
let tavern: LatencyTavern;

beforeAll(() => game.start());
afterEach(() => tavern.close());
afterAll(() => game.stop());

test(
  "a reload of 4 s at 10 cues a second: fallbacks in the budget meanwhile, at most one load killed",
  async () => {
    tavern = await game.open({ loadMs: LOAD_MS });
    const { loads } = tavern.ollama.books;
    tavern.ollama.unload();
    const whileLoading: string[] = [];
    const startedMs = performance.now();
    while (performance.now() < startedMs + LOAD_MS + 1_000) {
      const dueMs = performance.now() + CUE_EVERY_MS;
      const heard = await tavern.ask("Anybody here?");
      expectInBudget(heard);
      expect(heard.room.text).toBe(heard.room.source === "model" ? USUAL_LINE : FALLBACK);
      expect(heard.ends).toBe(1);
      if (performance.now() < startedMs + LOAD_MS) whileLoading.push(heard.room.source);
      const restMs = Math.max(0, dueMs - performance.now());
      await new Promise((resolve) => setTimeout(resolve, restMs));
    }
    expect(new Set(whileLoading)).toEqual(new Set(["fallback"]));
    await expectModelAgain(tavern);
    expect(tavern.ollama.books.killedLoads).toBeLessThanOrEqual(1);
    // One for each load that was killed, and the one that has answered.
    const { killedLoads } = tavern.ollama.books;
    expect(tavern.ollama.books.loads - loads).toBe(1 + killedLoads);
  },
  TEST_WITHIN_MS,
);

test(
  "a reload of 4 s with four slots, and 10 cues a second of a player who waits for no answer: at most one load killed",
  async () => {
    tavern = await game.open({ loadMs: LOAD_MS, slots: 4 });
    const { loads } = tavern.ollama.books;
    tavern.ollama.unload();
    const cues = LOAD_MS / CUE_EVERY_MS;
    for (let cue = 0; cue < cues; cue++) {
      tavern.begin("Anybody here?");
      await new Promise((resolve) => setTimeout(resolve, CUE_EVERY_MS));
    }
    for (let cue = 0; cue < cues; cue++) {
      const { source, reason, text } = await tavern.nextResult();
      // A cue takes the place of the one before it, unless that was answered.
      const heard = source === "none" ? reason : text;
      expect(heard).toBe({ none: "superseded", model: USUAL_LINE, fallback: FALLBACK }[source]);
    }
    await expectModelAgain(tavern);
    const { killedLoads, loads: loadsNow, queued } = tavern.ollama.books;
    expect(killedLoads).toBeLessThanOrEqual(1);
    expect(loadsNow - loads).toBe(1 + killedLoads);
    expect(queued).toBe(0);
  },
  TEST_WITHIN_MS,
);

test("a room whose loop blocks for 300 ms: the line comes late, once, and is a room stall", async () => {
  tavern = await game.open();
  const heard = await tavern.ask(STALLING);
  expect(heard.room).toMatchObject({ roomStall: true });
  expect(heard.room.ttftMs).toBeGreaterThan(TTFT_BUDGET_MS);
  expect(heard.noiseMs).toBeGreaterThan(STALL_MS - TTFT_BUDGET_MS);
  await expectBalancedBooks(tavern);
  await expect
    .poll(async () => (await tavern.status()).hitRates.sinceStart)
    .toMatchObject({ cues: 2, roomStalls: 1 });
  expect(heard.ends).toBe(1);
});

test(
  "a wedge: fallbacks in the budget, the operator told, service by itself when a canary is answered",
  async () => {
    let isWedged = false;
    tavern = await game.open({
      answerWith: () => (isWedged ? MOODS.blackHole : saying(USUAL_LINE)),
    });
    isWedged = true;
    let missed: Heard;
    // A line that the room spoke for itself is no miss of the engine's to the sidecar.
    do {
      missed = await tavern.ask("Anybody here?");
      expectInBudget(missed);
    } while (missed.room.spansUs === undefined && isSpoilt(missed));
    expect(missed.room).toMatchObject({ source: "fallback", reason: "budget" });
    await vi.waitUntil(
      async () => (await tavern.status()).endpoints[0].trouble?.code === "wedged",
      {
        timeout: WEDGE_WITHIN_MS,
        interval: 20,
      },
    );
    const held = await tavern.ask("Anybody here?");
    expectInBudget(held);
    expect(held.room).toMatchObject({ source: "fallback", reason: "upstream", text: FALLBACK });
    expect((await tavern.status()).endpoints[0].state).toBe("down");
    expect(await tavern.metric("banterwire_wedges_total")).toBe(1);
    const unloads = tavern.ollama.books.received.filter(({ body }) => body?.["keep_alive"] === 0);
    expect(unloads).toHaveLength(1);
    isWedged = false;
    await vi.waitUntil(async () => (await tavern.status()).endpoints[0].state === "warm", {
      timeout: WEDGE_WITHIN_MS,
      interval: 20,
    });
    await expectModelAgain(tavern);
    await expectBalancedBooks(tavern);
  },
  TEST_WITHIN_MS,
);
