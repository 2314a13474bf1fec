import { afterEach, describe, expect, test } from "vitest";
import { startObservation } from "./observe/observation.ts";
import { LOAD_TIMEOUT_MS, WATCH_INTERVAL_MS } from "./policy/care.ts";
import { MOODS } from "./testing/moods.ts";
import { saying } from "./testing/reply.ts";
import type { WhileLoading } from "./testing/residency.ts";
import type { ScriptedEngineOptions } from "./testing/scripted-engine.ts";
import {
  BUDGET_MS,
  FALLBACK,
  type StartObserver,
  VirtualTavern,
} from "./testing/virtual/virtual-tavern.ts";
import type { VirtualLine } from "./testing/virtual/virtual-line.ts";

const LOAD_MS = 4_000;
/** No call but a load may take as long. */
const LONG_LOAD_MS = 12_000;
const CUE_EVERY_MS = 100;
const USUAL = "Mind the step.";

let tavern: VirtualTavern;

afterEach(() => tavern.close());

const startObserver: StartObserver = (parts) =>
  startObservation({ ...parts, metrics: true, showsText: () => false });

async function openLoaded(options: Partial<ScriptedEngineOptions>): Promise<void> {
  const answerWith = saying(USUAL);
  tavern = await VirtualTavern.open({ startObserver, loadMs: LOAD_MS, answerWith, ...options });
  // A load of those 12 s began with the endpoint.
  while (tavern.endpoint.unavailable !== undefined) await tavern.pass(CUE_EVERY_MS);
  tavern.log.length = 0;
}

/** Cues, so many each time, until the model has surely been loaded anew. */
async function cuesDuring(loadMs: number, together: number): Promise<VirtualLine[]> {
  const lines: VirtualLine[] = [];
  for (let passedMs = 0; passedMs < loadMs + 2_000; passedMs += CUE_EVERY_MS) {
    for (let cue = 0; cue < together; cue++) lines.push(tavern.say());
    await tavern.pass(CUE_EVERY_MS);
  }
  await tavern.pass(BUDGET_MS);
  return lines;
}

function withdraw(line: VirtualLine): void {
  line.isWithdrawn = true;
  line.line?.cancel();
}

/** Each line has its one end, and its text in time. */
function expectInTime(lines: readonly VirtualLine[]): void {
  for (const line of lines) {
    expect(line.breaches).toEqual([]);
    expect(line.isInTime).toBe(true);
    expect(line.end?.text).toBe(line.end?.source === "model" ? USUAL : FALLBACK);
  }
}

const PS: readonly WhileLoading[] = ["lists", "blocks", "hides"];
const CASES = [1, 4].flatMap((slots) =>
  [1, 3].flatMap((together) =>
    [LOAD_MS, LONG_LOAD_MS].flatMap((loadMs) =>
      PS.map((whileLoading) => ({ slots, together, loadMs, whileLoading })),
    ),
  ),
);

describe.each(CASES)(
  "a model that leaves memory: $slots slots, a load of $loadMs ms that /api/ps $whileLoading",
  ({ slots, together, loadMs, whileLoading }) => {
    test(`is loaded while 10 times a second ${together} cues come at once, and at most one load is killed`, async () => {
      await openLoaded({ slots, loadMs, whileLoading });
      const { loads } = tavern.ollama.engine.books;
      tavern.ollama.engine.unload();
      const lines = await cuesDuring(loadMs, together);
      expectInTime(lines);
      const { killedLoads, loads: loadsNow, queued } = tavern.ollama.engine.books;
      expect(killedLoads).toBeLessThanOrEqual(1);
      expect(loadsNow - loads).toBe(1 + killedLoads);
      expect(queued).toBe(0);
      expect(lines.at(-1)?.end).toMatchObject({ source: "model" });
      expect(tavern.endpoint.status).toMatchObject({ state: "warm", inFlight: 0, zombies: 0 });
      expect(tavern.log.join("")).not.toContain("endpoint down");
    });
  },
);

describe.each([1, 4])("a model that leaves memory, with %i slots", (slots) => {
  test("is loaded although a room gives its line up in the middle of the load", async () => {
    await openLoaded({ slots });
    const { loads } = tavern.ollama.engine.books;
    tavern.ollama.engine.unload();
    const line = tavern.say();
    await tavern.pass(20);
    withdraw(line);
    await tavern.pass(20);
    const lines = await cuesDuring(LOAD_MS, 1);
    expect(line.end).toMatchObject({ source: "none", reason: "cancelled" });
    expectInTime(lines);
    const { killedLoads, loads: loadsNow } = tavern.ollama.engine.books;
    expect(killedLoads).toBe(1);
    expect(loadsNow - loads).toBe(2);
    expect(lines.at(-1)?.end).toMatchObject({ source: "model" });
  });

  test.each([
    ["knows of none", []],
    ["takes it for there", [{ name: "scripted:latest", context_length: 4_096 }]],
  ])(
    "is loaded although rooms give up line after line before a slow /api/ps that %s has answered",
    async (_what, models) => {
      await openLoaded({ slots });
      const { engine } = tavern.ollama;
      const { loads } = engine.books;
      engine.unload();
      engine.answerPathWith("/api/ps", {
        steps: [
          { do: "wait", ms: 3_000 },
          { do: "bytes", bytes: JSON.stringify({ models }) },
        ],
      });
      for (let cue = 0; cue < 30; cue++) {
        const line = tavern.say();
        await tavern.pass(CUE_EVERY_MS);
        if (line.end === undefined) withdraw(line);
      }
      expect(engine.books.killedLoads).toBe(1);
      engine.answerPathWith("/api/ps", "usual");
      const lines = await cuesDuring(LOAD_MS, 1);
      expectInTime(lines);
      expect(engine.books.killedLoads).toBe(1);
      expect(engine.books.loads - loads).toBe(2);
      expect(engine.books.queued).toBe(0);
      expect(lines.at(-1)?.end).toMatchObject({ source: "model" });
    },
  );
});

test("is loaded although an /api/ps that fails has the endpoint go down in the middle of the load", async () => {
  await openLoaded({ slots: 2 });
  const { engine } = tavern.ollama;
  const { loads } = engine.books;
  engine.unload();
  engine.answerPathWith("/api/ps", MOODS.crashed);
  const first = tavern.say();
  await tavern.pass(CUE_EVERY_MS);
  withdraw(first);
  const second = tavern.say();
  await tavern.pass(20);
  expect(tavern.endpoint.status).toMatchObject({ state: "down", inFlight: 1, held: 0 });
  withdraw(second);
  await tavern.pass(20);
  expect(tavern.endpoint.status).toMatchObject({ state: "down", inFlight: 1, held: 1 });
  engine.answerPathWith("/api/ps", "usual");
  const lines = await cuesDuring(LOAD_MS, 1);
  expectInTime(lines);
  expect(engine.books.killedLoads).toBe(1);
  expect(engine.books.loads - loads).toBe(2);
  expect(lines.at(-1)?.end).toMatchObject({ source: "model" });
});

test("an /api/ps that says nothing is Ollama's silence once no load would take as long", async () => {
  await openLoaded({});
  tavern.ollama.engine.answerPathWith("/api/ps", { steps: [{ do: "hang" }] });
  await tavern.pass(LOAD_TIMEOUT_MS - WATCH_INTERVAL_MS);
  expect(tavern.endpoint.status).toMatchObject({ state: "warm", trouble: null });
  await tavern.pass(2 * WATCH_INTERVAL_MS);
  expect(tavern.endpoint.status).toMatchObject({
    state: "down",
    trouble: {
      code: "ollama_silent",
      message: expect.stringContaining("/api/ps gave no answer within 5000 ms"),
    },
  });
});
