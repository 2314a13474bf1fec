import { FakeClock } from "@banterwire/protocol/testing";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { unobserved } from "../happening.ts";
import { MOODS, saying, type ScriptedOllama, startScriptedOllama } from "../testing/index.ts";
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
    clock,
    observe: unobserved,
  });
  endpoint.start();
  await vi.waitUntil(() => endpoint.status.state === "warm");
});

afterEach(async () => {
  await endpoint.close();
  await ollama.close();
});

function ask(giveUp = new AbortController()) {
  const { promise, resolve } = Promise.withResolvers<void>();
  endpoint.request({
    request: { messages: [{ role: "user", content: "Hello there." }], maxTokens: 8 },
    signal: giveUp.signal,
    granted: () => {},
    refused: () => {},
    events: { sent() {}, text() {}, done: () => resolve(), failed() {} },
  });
  return { giveUp, done: promise };
}

test("a line after one that was given up finds a connection that is open", async () => {
  for (let abort = 0; abort < 5; abort++) {
    ollama.answerWith(MOODS.blackHole);
    const { giveUp } = ask();
    await vi.waitFor(() => expect(ollama.books.inFlight).toBe(1));
    const { socketsOpened } = ollama.books;
    giveUp.abort();
    await vi.waitFor(() => expect(ollama.books.socketsOpened).toBe(socketsOpened + 1));
    await vi.waitFor(() => expect(ollama.books.inFlight).toBe(0));
    ollama.answerWith(saying("Yes."));
    clock.advance(1_000);
    await ask().done;
    expect(ollama.books.socketsOpened).toBe(socketsOpened + 1);
  }
});
