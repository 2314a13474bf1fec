import { expect, test } from "vitest";
import { type Clock, Residency } from "./residency.ts";

class FakeClock implements Clock {
  #nowMs = 0;
  #timers: { atMs: number; task: () => void }[] = [];

  nowMs(): number {
    return this.#nowMs;
  }

  after(ms: number, task: () => void): () => void {
    const timer = { atMs: this.#nowMs + ms, task };
    this.#timers.push(timer);
    return () => (this.#timers = this.#timers.filter((other) => other !== timer));
  }

  advance(ms: number): void {
    this.#nowMs += ms;
    const due = this.#timers.filter(({ atMs }) => atMs <= this.#nowMs);
    this.#timers = this.#timers.filter(({ atMs }) => atMs > this.#nowMs);
    for (const { task } of due) task();
  }
}

function setUp(load = async (): Promise<string> => "model") {
  const clock = new FakeClock();
  const log: string[] = [];
  const residency = new Residency<string>(
    {
      load: () => {
        log.push("load");
        return load();
      },
      unload: async () => {
        log.push("unload");
      },
    },
    clock,
    { kind: "forever" },
  );
  return { clock, log, residency };
}

test("users at the same time share one load", async () => {
  const { log, residency } = setUp();
  await Promise.all([residency.acquire(), residency.acquire()]);
  expect(log).toEqual(["load"]);
});

test("a positive keep-alive runs from the last release", async () => {
  const { clock, log, residency } = setUp();
  const lease = await residency.acquire({ kind: "for", ms: 100 });
  clock.advance(1_000);
  expect(residency.status).toEqual({ expiresAtMs: 1_100 });
  lease.release();
  clock.advance(99);
  expect(log).toEqual(["load"]);
  clock.advance(1);
  expect(log).toEqual(["load", "unload"]);
  expect(residency.status).toBeUndefined();
});

test("a request that names no keep-alive leaves it as it is, and one that does decides", async () => {
  const { clock, log, residency } = setUp();
  (await residency.acquire({ kind: "for", ms: 100 })).release();
  (await residency.acquire()).release();
  expect(residency.status).toEqual({ expiresAtMs: 100 });
  (await residency.acquire({ kind: "forever" })).release();
  clock.advance(1e12);
  expect(log).toEqual(["load"]);
});

test("unloading waits for the users, and the next one loads again with the default keep-alive", async () => {
  const { log, residency } = setUp();
  const lease = await residency.acquire();
  residency.expire();
  expect(log).toEqual(["load"]);
  lease.release();
  lease.release();
  expect(log).toEqual(["load", "unload"]);
  (await residency.acquire()).release();
  expect(log).toEqual(["load", "unload", "load"]);
  expect(residency.status).toEqual({ expiresAtMs: Infinity });
});

test("a load that fails is told to those who wait, and the next one tries again", async () => {
  let isBroken = true;
  const { residency } = setUp(async () => {
    if (isBroken) throw new Error("no memory");
    return "model";
  });
  const both = await Promise.allSettled([residency.acquire(), residency.acquire()]);
  expect(both.map(({ status }) => status)).toEqual(["rejected", "rejected"]);
  isBroken = false;
  expect((await residency.acquire()).resource).toBe("model");
});

test("closing waits for the users, unloads, and lets nobody in after", async () => {
  const { log, residency } = setUp();
  const lease = await residency.acquire();
  const closed = residency.close();
  await expect(residency.acquire()).rejects.toThrow("shutting down");
  lease.release();
  await closed;
  expect(log).toEqual(["load", "unload"]);
});
