import { afterEach, describe, expect, test } from "vitest";
import { type Cards, NO_CARDS } from "./config/card.ts";
import { CONNECT_TIMEOUT_MS, MAX_LINE_MS, MAX_TOKEN_GAP_MS, ZOMBIE_HOLD_MS } from "./config.ts";
import { startObservation } from "./observe/observation.ts";
import { CANARY_TIMEOUT_MS, WEDGE_TIMEOUT_MS } from "./policy/care.ts";
import { type Mood, MOODS } from "./testing/moods.ts";
import { OUTCOMES } from "./testing/outcomes.ts";
import { type Reply, saying, type Step } from "./testing/reply.ts";
import { UNHURRIED } from "./testing/unhurried.ts";
import {
  BUDGET_MS,
  CLOSER,
  FALLBACK,
  type StartObserver,
  VirtualTavern,
} from "./testing/virtual/virtual-tavern.ts";
import { TOO_LATE } from "./upstream/upstream.ts";

/** Any line is over by then, with all that follows from it. */
const AFTERMATH_MS = 30_000;
/** The zombie's hold, and a canary's time. */
const WEDGED_WITHIN_MS = ZOMBIE_HOLD_MS + WEDGE_TIMEOUT_MS + 2_000;
/** The canary that is not answered any more, and the pause before the next one. */
const SERVES_WITHIN_MS = CANARY_TIMEOUT_MS + 5_000;
const MOODY = "How are you today?";
const USUAL = "Mind the step.";

let tavern: VirtualTavern;

const startObserver: StartObserver = (parts) =>
  startObservation({ ...parts, metrics: true, showsText: () => false });

/** A wish whose generation nobody hears. */
const NOBODYS = {
  ...UNHURRIED,
  request: { messages: [], maxTokens: 1 },
  granted: () => {},
  refused: () => {},
  events: { sent: () => {}, text: () => {}, done: () => {}, failed: () => {} },
} as const;

const SOME_WORDS: readonly Step[] = [
  { do: "say", text: "Well" },
  { do: "say", text: " met" },
];

afterEach(() => tavern.close());

async function openUsual(moody: Reply = saying(USUAL), cards: Cards = NO_CARDS): Promise<void> {
  tavern = await VirtualTavern.open({
    startObserver,
    cards,
    answerWith: (body) => (JSON.stringify(body).includes(MOODY) ? moody : saying(USUAL)),
  });
}

describe.each(Object.keys(MOODS) as Mood[])("an Ollama in the mood %s", (mood) => {
  const { source, reason, words, metric, engine, slot } = OUTCOMES[mood];

  const openMoody = (): Promise<void> => openUsual(MOODS[mood]);

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
    expect(tavern.status().endpoints[0]).toMatchObject({ state: "warm", trouble: null });
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

describe("an Ollama that takes no connection", () => {
  test("costs the room nothing but the model's words, the slot no longer than a zombie, and is told", async () => {
    await openUsual();
    tavern.ollama.ignoreConnections();
    const missed = tavern.say();
    await tavern.pass(BUDGET_MS);
    expect(missed.end).toMatchObject({ source: "fallback", reason: "budget", text: FALLBACK });
    expect(missed.isInTime).toBe(true);
    expect(tavern.endpoint.status).toMatchObject({
      state: "checking",
      inFlight: 0,
      zombies: 1,
      trouble: null,
    });
    expect(await tavern.page("/readyz")).toMatchObject({ ready: false, state: "checking" });
    const held = tavern.say();
    await tavern.pass(BUDGET_MS);
    expect(held.end).toMatchObject({ source: "fallback", reason: "upstream", ttftMs: 0 });
    await tavern.pass(CONNECT_TIMEOUT_MS);
    expect(tavern.status().endpoints[0]).toMatchObject({
      state: "down",
      inFlight: 0,
      zombies: 0,
      trouble: { code: "ollama_silent", message: expect.stringContaining("Connect Timeout") },
    });
    expect(tavern.log.filter((line) => line.includes("endpoint down"))).toHaveLength(1);
    tavern.ollama.takeConnections();
    await tavern.pass(10_000);
    const next = tavern.say();
    await tavern.pass(BUDGET_MS);
    expect(next.end).toMatchObject({ source: "model", text: USUAL });
  });
});

describe("an Ollama that is wedged", () => {
  test("costs the room nothing but the model's words, is told once, and serves again by itself", async () => {
    await openUsual();
    tavern.ollama.engine.answerWith(MOODS.blackHole);
    const missed = tavern.say();
    await tavern.pass(BUDGET_MS);
    expect(missed.end).toMatchObject({ source: "fallback", reason: "budget", text: FALLBACK });
    expect(missed.isInTime).toBe(true);
    await tavern.pass(WEDGED_WITHIN_MS);
    const held = tavern.say();
    await tavern.pass(BUDGET_MS);
    expect(held.end).toMatchObject({ source: "fallback", reason: "upstream", ttftMs: 0 });
    expect(tavern.status().endpoints[0]).toMatchObject({
      state: "down",
      waiting: 0,
      trouble: { code: "wedged" },
    });
    expect(await tavern.metric("banterwire_wedges_total")).toBe(1);
    expect(tavern.log.filter((line) => line.includes("endpoint wedged"))).toHaveLength(1);
    tavern.ollama.engine.answerWith(saying(USUAL));
    await tavern.pass(SERVES_WITHIN_MS);
    const next = tavern.say();
    await tavern.pass(BUDGET_MS);
    expect(next.end).toMatchObject({ source: "model", text: USUAL });
    await tavern.pass(ZOMBIE_HOLD_MS);
    expect(tavern.endpoint.status).toMatchObject({ inFlight: 0, zombies: 0 });
  });
});

describe("a card's model options", () => {
  const card = { id: "mira", name: "Mira", persona: "You are grim.", closers: undefined };
  const fallbacks = ["Grimly."];

  test("that would have the model loaded anew leave the room with a fallback, and are told", async () => {
    const options = { num_ctx: 8_192 };
    await openUsual(saying(USUAL), new Map([["mira", { ...card, fallbacks, options }]]));
    const line = tavern.say();
    await tavern.pass(BUDGET_MS);
    expect(line.end).toMatchObject({ source: "fallback", reason: "upstream", text: "Grimly." });
    expect(line.isInTime).toBe(true);
    expect(await tavern.metric('banterwire_generation_failures_total{failure="options"}')).toBe(1);
    expect(tavern.log.join("")).toContain("options_differ: a card asks for num_ctx 8192");
    expect(tavern.ollama.engine.books.loads).toBe(1);
  });

  test("that are sampled with go with its lines", async () => {
    const options = { temperature: 0.9 };
    await openUsual(saying(USUAL), new Map([["mira", { ...card, fallbacks, options }]]));
    tavern.say();
    await tavern.pass(BUDGET_MS);
    const { received } = tavern.ollama.engine.books;
    const asked = received.findLast(({ path }) => path === "/api/chat");
    expect(asked?.body).toMatchObject({ options: { temperature: 0.9, num_ctx: 4_096 } });
  });
});

test("a reload by somebody else's options is counted and logged, and their context adopted", async () => {
  await openUsual();
  const body = { model: "scripted:latest", options: { num_ctx: 1_024 } };
  const gone = new AbortController().signal;
  const nobody = { gone, head() {}, write: () => Promise.resolve(), end() {}, destroy() {} };
  await tavern.ollama.engine.handle("/api/generate", body, nobody);
  await tavern.pass(10_000);
  expect(await tavern.metric("banterwire_foreign_reloads_total")).toBe(1);
  expect(tavern.log.join("")).toContain("the model was reloaded by another");
  expect(tavern.status().endpoints[0]).toMatchObject({ state: "warm", contextLength: 1_024 });
  expect(tavern.ollama.engine.books.loads).toBe(2);
  const line = tavern.say();
  await tavern.pass(BUDGET_MS);
  expect(line.end).toMatchObject({ source: "model", text: USUAL });
});

describe("each clock ends what it is for, and nothing else", () => {
  test("connect: an attempt is given up, and the endpoint is down", async () => {
    await openUsual();
    tavern.ollama.ignoreConnections();
    const atMs = tavern.clock.nowMs();
    const late = new AbortController();
    tavern.endpoint.request({ ...NOBODYS, signal: late.signal });
    late.abort(TOO_LATE);
    while (tavern.endpoint.status.state !== "down") await tavern.pass(1);
    expect(tavern.clock.nowMs() - atMs).toBe(CONNECT_TIMEOUT_MS);
  });

  test("queue: what waits for a slot ends with its own time to first token, never sent", async () => {
    await openUsual({ steps: [...SOME_WORDS, { do: "wait", ms: 1_000 }, ...saying(".").steps] });
    const speaking = tavern.say(MOODY);
    await tavern.pass(20);
    const { opens } = tavern.endpoint.status;
    const waiting = tavern.say(MOODY);
    await tavern.pass(BUDGET_MS);
    expect(waiting.end).toMatchObject({ source: "fallback" });
    expect(waiting.isInTime).toBe(true);
    expect(tavern.endpoint.status).toMatchObject({ opens, inFlight: 1, waiting: 0 });
    await tavern.pass(2_000);
    expect(speaking.end).toMatchObject({ reason: "complete", text: "Well met." });
  });

  test("time to first token: the fallback is on its way before the room would speak by itself", async () => {
    await openUsual(MOODS.blackHole);
    const line = tavern.say(MOODY);
    await tavern.pass(BUDGET_MS);
    expect(line.end).toMatchObject({ reason: "budget", spansUs: expect.any(Array) });
    expect(line.end?.ttftMs).toBeGreaterThan(BUDGET_MS - 30);
  });

  test("inter-token: a line that stands still is ended in character", async () => {
    await openUsual({
      steps: [...SOME_WORDS, { do: "wait", ms: 500 }, ...SOME_WORDS, { do: "hang" }],
    });
    const line = tavern.say(MOODY);
    await tavern.pass(500);
    const atMs = tavern.clock.nowMs();
    while (line.end === undefined) await tavern.pass(1);
    expect(tavern.clock.nowMs() - atMs).toBeGreaterThan(MAX_TOKEN_GAP_MS - 20);
    expect(tavern.clock.nowMs() - atMs).toBeLessThan(MAX_TOKEN_GAP_MS + 20);
    expect(line.end).toMatchObject({ reason: "truncated" });
  });

  test("total: a line that goes on and on is ended in character", async () => {
    const drawl = saying(Array.from({ length: 60 }, () => "well").join(" "), 1_000);
    await openUsual({ steps: [...SOME_WORDS, ...drawl.steps] });
    const line = tavern.say(MOODY);
    while (line.firstMs === undefined) await tavern.pass(1);
    await tavern.pass(MAX_LINE_MS - 20);
    expect(line.end).toBeUndefined();
    await tavern.pass(40);
    expect(line.end).toMatchObject({ source: "model", reason: "truncated" });
    expect(await tavern.metric('banterwire_cancels_total{reason="stalled"}')).toBe(1);
  });
});
