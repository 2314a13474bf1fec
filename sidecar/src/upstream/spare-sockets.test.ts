import { FakeClock } from "@banterwire/protocol/testing";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { unobserved } from "../happening.ts";
import { MOODS, saying, type ScriptedOllama, startScriptedOllama } from "../testing/index.ts";
import { UNHURRIED } from "../testing/unhurried.ts";
import { Endpoint } from "./endpoint.ts";

let clock: FakeClock;
let ollama: ScriptedOllama;
let endpoint: Endpoint;

beforeEach(async () => {
  clock = new FakeClock();
  ollama = await startScriptedOllama();
  endpoint = new Endpoint({
    promptStyle: "bare",
    locate: () => Promise.resolve(ollama.origin),
    wantedModel: undefined,
    slots: 1,
    maxWaiting: 4,
    zombieHoldMs: 1_000,
    hasHostCache: true,
    clock,
    observe: unobserved,
  });
  endpoint.start();
  const isWatched = (): boolean => endpoint.status.state === "warm" && timesAsked("/api/ps") > 1;
  await vi.waitUntil(isWatched, { timeout: 30_000, interval: 2 });
});

afterEach(async () => {
  await endpoint.close();
  await ollama.close();
});

function ask(giveUp = new AbortController()) {
  const { promise, resolve } = Promise.withResolvers<void>();
  endpoint.request({
    request: { messages: [{ role: "user", content: "Hello there." }], maxTokens: 8 },
    ...UNHURRIED,
    signal: giveUp.signal,
    granted: () => {},
    refused: () => {},
    events: { sent() {}, text() {}, done: () => resolve(), failed() {} },
  });
  return { giveUp, done: promise };
}

function timesAsked(path: string): number {
  return ollama.books.received.filter((one) => one.path === path).length;
}

/** What the engine answered before this has arrived by then. */
async function roundTrip(): Promise<void> {
  await (await fetch(`${ollama.origin}/api/tags`)).text();
}

test("a line after one that was given up finds a connection that is open", async () => {
  for (let abort = 0; abort < 4; abort++) {
    await roundTrip();
    ollama.answerWith(MOODS.blackHole);
    const { giveUp } = ask();
    await expect.poll(() => ollama.books.inFlight).toBe(1);
    const asked = timesAsked("/api/version");
    giveUp.abort();
    await expect.poll(() => timesAsked("/api/version")).toBe(asked + 1);
    await expect.poll(() => ollama.books.inFlight).toBe(0);
    await roundTrip();
    ollama.answerWith(saying("Yes."));
    const { socketsOpened } = ollama.books;
    clock.advance(1_000);
    await ask().done;
    expect(ollama.books.socketsOpened).toBe(socketsOpened);
  }
});
