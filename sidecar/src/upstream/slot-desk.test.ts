import { FakeClock } from "@banterwire/protocol/testing";
import { describe, expect, test } from "vitest";
import { HandGeneration } from "../testing/hand-upstream.ts";
import { UNHURRIED } from "../testing/unhurried.ts";
import { SlotDesk } from "./slot-desk.ts";
import type { SlotRequest } from "./upstream.ts";

const ZOMBIE_HOLD_MS = 1_000;

/** A desk whose engine is in the test's hand, with a log of what became of each wish. */
function open(slots: number, maxWaiting = 10, zombieHoldMs = ZOMBIE_HOLD_MS) {
  const clock = new FakeClock();
  const cache = { memoryChars: 0, minSimilarity: 0 };
  const engine = { isLoading: false };
  const desk = new SlotDesk({
    slots,
    maxWaiting,
    zombieHoldMs,
    cache,
    clock,
    onVain: () => {},
    isLoadAtStake: () => engine.isLoading,
  });
  const dispatched: HandGeneration[] = [];
  const log: string[] = [];
  const wish = (name: string, giveUp = new AbortController()): AbortController => {
    const wish: SlotRequest = {
      request: { messages: [], maxTokens: 1 },
      ...UNHURRIED,
      signal: giveUp.signal,
      granted: () => log.push(`${name} granted`),
      refused: () => log.push(`${name} refused`),
      events: {
        sent: () => {},
        text: (piece) => log.push(`${name} says ${piece}`),
        done: () => log.push(`${name} done`),
        failed: () => log.push(`${name} failed`),
      },
    };
    desk.request(wish, (granted) => dispatched.push(new HandGeneration(granted)));
    return giveUp;
  };
  return { clock, desk, dispatched, engine, log, wish };
}

describe("a desk", () => {
  test("dispatches as many as it has slots, the rest in order of arrival as slots fall free", () => {
    const { desk, log, dispatched, wish } = open(2);
    for (const name of ["a", "b", "c", "d"]) wish(name);
    expect(log).toEqual(["a granted", "b granted"]);
    expect(desk.books).toMatchObject({ inFlight: 2, waiting: 2, opens: 2, closes: 0 });
    dispatched[1]?.done();
    dispatched[0]?.fail();
    expect(log.slice(2)).toEqual(["c granted", "b done", "d granted", "a failed"]);
    expect(desk.books).toMatchObject({ inFlight: 2, waiting: 0, opens: 4, closes: 2 });
  });

  test("refuses whoever finds its queue full", () => {
    const { log, wish } = open(1, 1);
    for (const name of ["a", "b", "c"]) wish(name);
    expect(log).toEqual(["a granted", "c refused"]);
  });

  test("forgets who leaves the queue", () => {
    const { log, dispatched, desk, wish } = open(1);
    wish("a");
    const b = wish("b");
    wish("c");
    b.abort();
    dispatched[0]?.done();
    expect(log).toEqual(["a granted", "c granted", "a done"]);
    expect(desk.books.waiting).toBe(0);
  });

  test("holds the slot of a request that was given up before its first chunk, for as long as it was told", () => {
    const { log, clock, desk, wish } = open(1);
    wish("a").abort();
    wish("b");
    expect(desk.books).toMatchObject({ inFlight: 0, zombies: 1, waiting: 1, opens: 1, closes: 1 });
    clock.advance(ZOMBIE_HOLD_MS - 1);
    expect(log).toEqual(["a granted"]);
    clock.advance(1);
    expect(log).toEqual(["a granted", "b granted"]);
    expect(desk.books).toMatchObject({ inFlight: 1, zombies: 0 });
  });

  test("frees the slot of a stream that was given up at once: it stops within a token", () => {
    const { log, desk, dispatched, wish } = open(1);
    const a = wish("a");
    wish("b");
    dispatched[0]?.text("Well");
    a.abort();
    expect(log).toEqual(["a granted", "a says Well", "b granted"]);
    expect(desk.books).toMatchObject({ zombies: 0, opens: 2, closes: 1 });
  });

  test("of an engine that frees its sequence at once has no zombies", () => {
    const { log, desk, wish } = open(1, 10, 0);
    wish("a").abort();
    wish("b");
    expect(log).toEqual(["a granted", "b granted"]);
    expect(desk.books.zombies).toBe(0);
  });

  test("counts an end once, also if it is given up after its end", () => {
    const { desk, dispatched, wish } = open(1);
    const a = wish("a");
    dispatched[0]?.done();
    a.abort();
    expect(desk.books).toMatchObject({ inFlight: 0, zombies: 0, opens: 1, closes: 1 });
  });

  test("does nothing for a wish that was given up before it came", () => {
    const { desk, clock, log, wish } = open(1);
    const givenUp = new AbortController();
    givenUp.abort();
    wish("a", givenUp);
    expect(log).toEqual([]);
    expect(desk.books).toMatchObject({ opens: 0, inFlight: 0, waiting: 0 });
    expect(clock.pending).toBe(0);
  });

  test("that has more slots now dispatches who waits", () => {
    const { desk, log, wish } = open(1);
    for (const name of ["a", "b", "c"]) wish(name);
    desk.resize(2);
    expect(log).toEqual(["a granted", "b granted"]);
    expect(desk.books).toMatchObject({ slots: 2, inFlight: 2, waiting: 1 });
  });

  test("is quiet once nothing runs and nobody waits, zombies apart", async () => {
    const { desk, dispatched, wish } = open(1);
    await desk.whenQuiet();
    const first = wish("a");
    const second = wish("b");
    let isQuiet = false;
    const quiet = desk.whenQuiet().then(() => (isQuiet = true));
    second.abort();
    await Promise.resolve();
    expect(isQuiet).toBe(false);
    first.abort();
    await quiet;
    expect(dispatched).toHaveLength(1);
    expect(desk.books).toMatchObject({ inFlight: 0, waiting: 0, zombies: 1 });
  });
});

describe("a request that is given up while its engine may be loading", () => {
  test("stays in its slot, heard by nobody, until the load is over", () => {
    const { desk, engine, log, dispatched, wish } = open(1);
    engine.isLoading = true;
    wish("a").abort();
    expect(dispatched[0]?.isAborted).toBe(false);
    expect(desk.books).toMatchObject({ inFlight: 1, zombies: 0, opens: 1, closes: 0 });
    engine.isLoading = false;
    desk.releaseHeld();
    expect(dispatched[0]?.isAborted).toBe(true);
    expect(desk.books).toMatchObject({ inFlight: 0, zombies: 1, opens: 1, closes: 1 });
    expect(log).toEqual(["a granted"]);
  });

  test.each<[string, (generation: HandGeneration | undefined) => void]>([
    ["has a chunk", (generation) => generation?.text("late")],
    ["is done", (generation) => generation?.done()],
    ["fails", (generation) => generation?.fail()],
  ])("leaves it when it %s", (_what, answer) => {
    const { desk, engine, log, dispatched, wish } = open(1);
    engine.isLoading = true;
    wish("a").abort();
    answer(dispatched[0]);
    expect(desk.books).toMatchObject({ inFlight: 0, zombies: 0, opens: 1, closes: 1 });
    desk.releaseHeld();
    expect(desk.books).toMatchObject({ inFlight: 0, zombies: 0, closes: 1 });
    expect(log).toEqual(["a granted"]);
  });

  test("leaves the queue at once if it waits there", () => {
    const { desk, engine, wish } = open(1);
    wish("a");
    engine.isLoading = true;
    wish("b").abort();
    expect(desk.books).toMatchObject({ inFlight: 1, waiting: 0 });
  });
});
