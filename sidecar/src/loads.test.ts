import { afterEach, describe, expect, test } from "vitest";
import { startObservation } from "./observe/observation.ts";
import { saying } from "./testing/reply.ts";
import {
  BUDGET_MS,
  FALLBACK,
  type StartObserver,
  VirtualTavern,
} from "./testing/virtual/virtual-tavern.ts";
import type { VirtualLine } from "./testing/virtual/virtual-line.ts";

const LOAD_MS = 4_000;
const CUE_EVERY_MS = 100;
const USUAL = "Mind the step.";

let tavern: VirtualTavern;

afterEach(() => tavern.close());

const startObserver: StartObserver = (parts) =>
  startObservation({ ...parts, metrics: true, showsText: () => false });

async function openLoaded(slots: number): Promise<void> {
  const answerWith = saying(USUAL);
  tavern = await VirtualTavern.open({ startObserver, slots, loadMs: LOAD_MS, answerWith });
}

/** Each line has its one end, and its text in time. */
function expectInTime(lines: readonly VirtualLine[]): void {
  for (const line of lines) {
    expect(line.breaches).toEqual([]);
    expect(line.isInTime).toBe(true);
    expect(line.end?.text).toBe(line.end?.source === "model" ? USUAL : FALLBACK);
  }
}

describe.each([1, 4])("a model that leaves memory, with %i slots", (slots) => {
  test.each([1, 3])(
    "is loaded while 10 times a second %i cues come at once, and at most one load is killed",
    async (together) => {
      await openLoaded(slots);
      const { loads } = tavern.ollama.engine.books;
      tavern.ollama.engine.unload();
      const lines: VirtualLine[] = [];
      for (let passedMs = 0; passedMs < LOAD_MS + 2_000; passedMs += CUE_EVERY_MS) {
        for (let cue = 0; cue < together; cue++) lines.push(tavern.say());
        await tavern.pass(CUE_EVERY_MS);
      }
      await tavern.pass(BUDGET_MS);
      expectInTime(lines);
      const { killedLoads, loads: loadsNow, queued } = tavern.ollama.engine.books;
      expect(killedLoads).toBeLessThanOrEqual(1);
      expect(loadsNow - loads).toBe(1 + killedLoads);
      expect(queued).toBe(0);
      expect(lines.at(-1)?.end).toMatchObject({ source: "model" });
      expect(tavern.endpoint.status).toMatchObject({ state: "warm", inFlight: 0, zombies: 0 });
    },
  );

  test("is loaded although a room gives its line up in the middle of the load", async () => {
    await openLoaded(slots);
    const { loads } = tavern.ollama.engine.books;
    tavern.ollama.engine.unload();
    const line = tavern.say();
    await tavern.pass(20);
    line.isWithdrawn = true;
    line.line?.cancel();
    await tavern.pass(20);
    const lines: VirtualLine[] = [];
    for (let passedMs = 0; passedMs < LOAD_MS + 2_000; passedMs += CUE_EVERY_MS) {
      lines.push(tavern.say());
      await tavern.pass(CUE_EVERY_MS);
    }
    await tavern.pass(BUDGET_MS);
    expect(line.end).toMatchObject({ source: "none", reason: "cancelled" });
    expectInTime(lines);
    const { killedLoads, loads: loadsNow } = tavern.ollama.engine.books;
    expect(killedLoads).toBe(1);
    expect(loadsNow - loads).toBe(2);
    expect(lines.at(-1)?.end).toMatchObject({ source: "model" });
  });
});
