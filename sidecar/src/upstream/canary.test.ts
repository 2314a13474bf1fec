import { getEventListeners } from "node:events";
import { setImmediate as nextTurn } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { FakeClock } from "@banterwire/protocol/testing";
import { describe, expect, test } from "vitest";
import { MAX_TOKEN_GAP_MS } from "../config.ts";
import { HandGeneration } from "../testing/hand-upstream.ts";
import { sendCanary, UnansweredError } from "./canary.ts";
import { SlotDesk } from "./slot-desk.ts";
import type { GenerationRequest, SlotRequest } from "./upstream.ts";

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;

test("what was asked of a canary that is over is forgotten, however long its endpoint lives", async () => {
  const clock = new FakeClock();
  const { signal } = new AbortController();
  const wishes: WeakRef<SlotRequest>[] = [];
  const request = (wish: SlotRequest): void => {
    wishes.push(new WeakRef(wish));
    wish.signal.addEventListener("abort", () => wish.refused(), { once: true });
    wish.events.failed({ kind: "status", why: "HTTP 400" });
  };
  const desk = { request } as unknown as SlotDesk;
  for (let count = 0; count < 10; count++) {
    const parts = { desk, dispatch: () => {}, clock, signal };
    await sendCanary(parts, { timeoutMs: 1_000 }).catch(() => {});
  }
  await nextTurn();
  collect();
  expect(wishes.filter((wish) => wish.deref())).toEqual([]);
  expect(getEventListeners(signal, "abort")).toEqual([]);
  expect(clock.pending).toBe(0);
});

const TIMEOUT_MS = 60_000;

/** A canary at an engine that is in the test's hand. */
function send() {
  const clock = new FakeClock();
  const desk = new SlotDesk({
    slots: 1,
    maxWaiting: 1,
    zombieHoldMs: 0,
    cache: { memoryChars: 0, minSimilarity: 0 },
    clock,
    onVain: () => {},
    isLoadAtStake: () => false,
  });
  const sent: HandGeneration[] = [];
  const { signal } = new AbortController();
  const dispatch = (granted: GenerationRequest): void =>
    void sent.push(new HandGeneration(granted));
  const answered = sendCanary({ desk, dispatch, clock, signal }, { timeoutMs: TIMEOUT_MS });
  return { clock, desk, engine: sent[0], answered };
}

describe("a canary", () => {
  test("has its slot for as long as it was told while it has no token", async () => {
    const { clock, desk, answered } = send();
    const failed = answered.catch((error: unknown) => error);
    clock.advance(TIMEOUT_MS - 1);
    expect(desk.books.inFlight).toBe(1);
    clock.advance(1);
    expect(await failed).toBeInstanceOf(UnansweredError);
    expect(desk.books.inFlight).toBe(0);
  });

  test("that has its token and no end leaves its slot as a stalled line does, and is answered", async () => {
    const { clock, desk, engine, answered } = send();
    clock.advance(30);
    engine?.text("Yes");
    clock.advance(MAX_TOKEN_GAP_MS - 1);
    expect(desk.books.inFlight).toBe(1);
    clock.advance(1);
    expect(desk.books.inFlight).toBe(0);
    expect(await answered).toBe(30);
    expect(clock.pending).toBe(0);
  });
});
