import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { commonPrefixLength, QueueFullError, type SlotLease, SlotPool } from "./slots.ts";

interface FakeSlot {
  readonly id: number;
  cachedTokens: readonly number[];
}

const never = new AbortController().signal;

function fakeSlots(...caches: readonly (readonly number[])[]): FakeSlot[] {
  return caches.map((cachedTokens, id) => ({ id, cachedTokens }));
}

describe("slot choice", () => {
  test("the idle slot with the longest common prefix is taken", async () => {
    const pool = new SlotPool(fakeSlots([1], [1, 2, 3], [1, 2, 9]), 0);
    expect((await pool.acquire([1, 2, 3, 4], never)).slot.id).toBe(1);
    expect((await pool.acquire([1, 2, 3, 4], never)).slot.id).toBe(2);
  });

  test("without a common prefix the least recently used slot is taken", async () => {
    const pool = new SlotPool(fakeSlots([], [], []), 0);
    const leases = [];
    for (let i = 0; i < 3; i++) leases.push(await pool.acquire([i], never));
    for (const index of [2, 0, 1]) leases[index]?.release();
    expect((await pool.acquire([7], never)).slot.id).toBe(2);
  });

  test("a template's worth in common is no reason to drive somebody else out", async () => {
    const persona = Array.from({ length: 30 }, (_, index) => index);
    const pool = new SlotPool(fakeSlots([1, 2, 3, ...persona], []), 0);
    (await pool.acquire([1, 2, 3, ...persona], never)).release();
    const others = Array.from({ length: 40 }, (_, index) => 100 + index);
    expect((await pool.acquire([1, 2, 3, ...others], never)).slot.id).toBe(1);
    expect((await pool.acquire([1, 2, 3, ...persona, 4], never)).slot.id).toBe(0);
  });

  test("releasing twice does not free a slot that somebody else holds by then", async () => {
    const pool = new SlotPool(fakeSlots([]), 1);
    const first = await pool.acquire([], never);
    first.release();
    await pool.acquire([], never);
    first.release();
    expect(pool.idleCount).toBe(0);
  });

  test("the common prefix is symmetric, and no longer than either side", () => {
    const tokens = fc.array(fc.integer({ min: 0, max: 2 }), { maxLength: 8 });
    fc.assert(
      fc.property(tokens, tokens, (a, b) => {
        const length = commonPrefixLength(a, b);
        expect(length).toBe(commonPrefixLength(b, a));
        expect(a.slice(0, length)).toEqual(b.slice(0, length));
        const isEnd = length === a.length || length === b.length;
        expect(isEnd || a[length] !== b[length]).toBe(true);
      }),
    );
  });
});

describe("the queue", () => {
  test("one more than may wait is refused at once", async () => {
    const pool = new SlotPool(fakeSlots([]), 1);
    const held = await pool.acquire([], never);
    const waiting = pool.acquire([], never);
    await expect(pool.acquire([], never)).rejects.toBeInstanceOf(QueueFullError);
    held.release();
    expect((await waiting).slot.id).toBe(0);
  });

  test("an abort while waiting gives the place in the queue back", async () => {
    const pool = new SlotPool(fakeSlots([]), 1);
    await pool.acquire([], never);
    const controller = new AbortController();
    const waiting = pool.acquire([], controller.signal);
    controller.abort(new Error("gone"));
    await expect(waiting).rejects.toThrow("gone");
    expect(pool.waitingCount).toBe(0);
  });

  test("under any order of arrivals, aborts and releases no slot is shared or lost and waiters are served in order", async () => {
    const action = fc.oneof(
      fc.record({ kind: fc.constant("arrive" as const), token: fc.integer({ min: 0, max: 3 }) }),
      fc.record({ kind: fc.constant("release" as const), pick: fc.nat(20) }),
      fc.record({ kind: fc.constant("abort" as const), pick: fc.nat(20) }),
    );
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 3 }), fc.array(action), async (size, actions) => {
        const pool = new SlotPool(fakeSlots(...Array.from({ length: size }, () => [])), 4);
        const waiting: { order: number; controller: AbortController }[] = [];
        const held: { order: number; lease: SlotLease<FakeSlot> }[] = [];
        let order = 0;
        let lastServed = -1;
        const arrive = (token: number): void => {
          const me = { order: order++, controller: new AbortController() };
          waiting.push(me);
          const leave = (): void => void waiting.splice(waiting.indexOf(me), 1);
          pool.acquire([token], me.controller.signal).then((lease) => {
            leave();
            expect(me.order).toBeGreaterThan(lastServed);
            lastServed = me.order;
            held.push({ order: me.order, lease });
            return undefined;
          }, leave);
        };
        for (const step of actions) {
          if (step.kind === "arrive") arrive(step.token);
          else if (step.kind === "release")
            held.splice(step.pick % Math.max(1, held.length), 1)[0]?.lease.release();
          else waiting[step.pick % Math.max(1, waiting.length)]?.controller.abort();
          await Promise.resolve();
          await Promise.resolve();
          await Promise.resolve();
          expect(new Set(held.map(({ lease }) => lease.slot.id)).size).toBe(held.length);
          expect(held.length + pool.idleCount).toBe(size);
          expect(pool.waitingCount).toBe(waiting.length);
          expect(waiting.length === 0 || pool.idleCount === 0).toBe(true);
        }
      }),
    );
  });
});
