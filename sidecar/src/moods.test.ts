import { afterEach, describe, expect, test } from "vitest";
import { ZOMBIE_HOLD_MS } from "./config.ts";
import { startObservation } from "./observe/observation.ts";
import { type Mood, MOODS } from "./testing/moods.ts";
import { OUTCOMES } from "./testing/outcomes.ts";
import { saying } from "./testing/reply.ts";
import {
  BUDGET_MS,
  CLOSER,
  FALLBACK,
  type StartObserver,
  VirtualTavern,
} from "./testing/virtual/virtual-tavern.ts";

/** Any line is over by then, with all that follows from it. */
const AFTERMATH_MS = 30_000;
const MOODY = "How are you today?";
const USUAL = "Mind the step.";

let tavern: VirtualTavern;

const startObserver: StartObserver = (parts) =>
  startObservation({ ...parts, metrics: true, showsText: () => false });

afterEach(() => tavern.close());

describe.each(Object.keys(MOODS) as Mood[])("an Ollama in the mood %s", (mood) => {
  const { source, reason, words, metric, engine, slot } = OUTCOMES[mood];

  async function openMoody(): Promise<void> {
    tavern = await VirtualTavern.open({
      startObserver,
      answerWith: (body) => (JSON.stringify(body).includes(MOODY) ? MOODS[mood] : saying(USUAL)),
    });
  }

  test("leaves the room with text within its budget, and one end", async () => {
    await openMoody();
    const line = tavern.say(MOODY);
    await tavern.pass(AFTERMATH_MS);
    const text = source === "fallback" ? FALLBACK : words + (reason === "truncated" ? CLOSER : "");
    expect(line.end).toMatchObject({ source, reason, text, roomStall: false });
    expect(line.isInTime).toBe(true);
    expect(line.breaches).toEqual([]);
    expect(tavern.client.hitRates).toMatchObject({ cues: 1, anyHits: 1 });
  });

  test("is told to the operator", async () => {
    await openMoody();
    const series = [`banterwire_lines_total{source="${source}",reason="${reason}"}`];
    if (metric !== undefined) series.push(metric);
    const before = await Promise.all(series.map((one) => tavern.metric(one)));
    tavern.log.length = 0;
    tavern.say(MOODY);
    await tavern.pass(AFTERMATH_MS);
    const after = await Promise.all(series.map((one) => tavern.metric(one)));
    expect(after).toEqual(before.map((count) => count + 1));
    const log = tavern.log.join("");
    expect(log).toContain(`"source":"${source}","reason":"${reason}"`);
    expect(log.includes('"msg":"generation failed"')).toBe(metric?.includes("failures") ?? false);
    expect(tavern.status().endpoint).toMatchObject({ state: "warm", trouble: null });
  });

  test("costs the slot no longer than the engine needs to notice, and the next line is the model's", async () => {
    await openMoody();
    const { cancelled } = tavern.ollama.engine.books;
    const line = tavern.say(MOODY);
    while (line.end === undefined) await tavern.pass(1);
    expect(tavern.endpoint.status).toMatchObject({
      inFlight: 0,
      waiting: 0,
      zombies: slot === "held" ? 1 : 0,
    });
    await tavern.pass(ZOMBIE_HOLD_MS + 1_000);
    const { books } = tavern.ollama.engine;
    // Without sockets an engine that failed sees at once that nobody wants the rest.
    expect(books.cancelled - cancelled).toBeGreaterThanOrEqual(engine === "cancelled" ? 1 : 0);
    expect(books).toMatchObject({ inFlight: 0, queued: 0, maxInFlight: 1, loads: 1 });
    const { opens, closes } = books;
    expect(tavern.endpoint.status).toMatchObject({ inFlight: 0, zombies: 0, opens, closes });
    const next = tavern.say("Hello!");
    await tavern.pass(BUDGET_MS);
    expect(next.end).toMatchObject({ source: "model", reason: "complete", text: USUAL });
  });
});
