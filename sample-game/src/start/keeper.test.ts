import { expect, test } from "vitest";
import { type Child, type ChildEnd, Keeper, type KeeperClock, STOP_WITHIN_MS } from "./keeper.ts";

class FakeClock implements KeeperClock {
  #nowMs = 0;
  #timers: { readonly dueMs: number; readonly callback: () => void }[] = [];

  nowMs = (): number => this.#nowMs;

  schedule = (delayMs: number, callback: () => void): (() => void) => {
    const timer = { dueMs: this.#nowMs + delayMs, callback };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer);
    };
  };

  async pass(elapsedMs: number): Promise<void> {
    this.#nowMs += elapsedMs;
    const due = this.#timers.filter(({ dueMs }) => dueMs <= this.#nowMs);
    this.#timers = this.#timers.filter((timer) => !due.includes(timer));
    for (const { callback } of due) callback();
    await settled();
  }

  get pending(): number {
    return this.#timers.length;
  }
}

function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

interface FakeChild extends Child {
  readonly signals: string[];
  end(end: Partial<ChildEnd>): Promise<void>;
}

function setUp() {
  const clock = new FakeClock();
  const children: FakeChild[] = [];
  const restarts: number[] = [];
  const gaveUp: (number | null)[] = [];
  const keeper = new Keeper({
    clock,
    hopelessCodes: [2, 3],
    restarting: (_end, delayMs) => restarts.push(delayMs),
    gaveUp: ({ code }) => gaveUp.push(code),
    start: () => {
      const ended = Promise.withResolvers<ChildEnd>();
      const signals: string[] = [];
      const child: FakeChild = {
        ended: ended.promise,
        signals,
        kill: (signal) => signals.push(signal),
        end: (end) => {
          ended.resolve({ code: null, signal: null, tail: [], ...end });
          return settled();
        },
      };
      children.push(child);
      return child;
    },
  });
  return { clock, children, restarts, gaveUp, keeper };
}

test("a child that keeps dying is started again ever later, up to five seconds", async () => {
  const { clock, children, restarts } = setUp();
  for (let crash = 0; crash < 7; crash++) {
    await children.at(-1)?.end({ code: 1 });
    const started = children.length;
    await clock.pass((restarts.at(-1) ?? 0) - 1);
    expect(children).toHaveLength(started);
    await clock.pass(1);
    expect(children).toHaveLength(started + 1);
  }
  expect(restarts).toEqual([250, 500, 1_000, 2_000, 4_000, 5_000, 5_000]);
});

test("a child that ran for ten seconds is started again at once when it dies", async () => {
  const { clock, children, restarts } = setUp();
  await children[0]?.end({ signal: "SIGKILL" });
  await clock.pass(250);
  await children[1]?.end({ signal: "SIGKILL" });
  await clock.pass(500);
  await clock.pass(10_000);
  await children[2]?.end({ signal: "SIGKILL" });
  expect(restarts).toEqual([250, 500, 250]);
});

test("a child that says that its user must act is not started again", async () => {
  const { clock, children, restarts, gaveUp } = setUp();
  await children[0]?.end({ code: 3 });
  await clock.pass(60_000);
  expect(children).toHaveLength(1);
  expect(restarts).toEqual([]);
  expect(gaveUp).toEqual([3]);
});

test("a child that stops when asked is not killed", async () => {
  const { clock, children, keeper } = setUp();
  const stopped = keeper.stop();
  await children[0]?.end({ code: 0 });
  await stopped;
  await clock.pass(60_000);
  expect(children[0]?.signals).toEqual(["SIGTERM"]);
  expect(children).toHaveLength(1);
  expect(clock.pending).toBe(0);
});

test("a child that does not stop in time is killed", async () => {
  const { clock, children, keeper } = setUp();
  const stopped = keeper.stop();
  await clock.pass(STOP_WITHIN_MS);
  expect(children[0]?.signals).toEqual(["SIGTERM", "SIGKILL"]);
  await children[0]?.end({ signal: "SIGKILL" });
  await stopped;
});

test("a stop between two lives starts no further one", async () => {
  const { clock, children, keeper } = setUp();
  await children[0]?.end({ code: 1 });
  await keeper.stop();
  await clock.pass(60_000);
  expect(children).toHaveLength(1);
});
