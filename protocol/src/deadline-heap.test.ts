import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Deadline, DeadlineHeap } from "./deadline-heap.ts";

const nothing = (): void => {};

function drain(heap: DeadlineHeap, nowMs: number): number[] {
  const due: number[] = [];
  for (let next = heap.takeDue(nowMs); next; next = heap.takeDue(nowMs)) due.push(next.dueMs);
  return due;
}

describe("DeadlineHeap", () => {
  test("takes out what is due, earliest first, and nothing before it is due", () => {
    const heap = new DeadlineHeap();
    for (const dueMs of [30, 10, 20, 40]) heap.add(dueMs, nothing);
    expect(drain(heap, 9)).toEqual([]);
    expect(drain(heap, 30)).toEqual([10, 20, 30]);
    expect(heap.nextDueMs).toBe(40);
  });

  test("what was removed does not come, and removing it again changes nothing", () => {
    const heap = new DeadlineHeap();
    const early = heap.add(10, nothing);
    heap.add(20, nothing);
    heap.remove(early);
    heap.remove(early);
    expect(drain(heap, 100)).toEqual([20]);
  });

  test("agrees with a sorted list under any sequence of additions, removals and takings", () => {
    const step = fc.oneof(
      fc.record({ what: fc.constant("add" as const), dueMs: fc.nat(1_000) }),
      fc.record({ what: fc.constant("remove" as const), nth: fc.nat() }),
      fc.record({ what: fc.constant("take" as const), nowMs: fc.nat(1_000) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 300 }), (steps) => {
        const heap = new DeadlineHeap();
        let model: Deadline[] = [];
        for (const one of steps) {
          if (one.what === "add") model.push(heap.add(one.dueMs, nothing));
          if (one.what === "remove" && model.length > 0) {
            const [removed] = model.splice(one.nth % model.length, 1);
            if (removed) heap.remove(removed);
          }
          const nowMs = one.what === "take" ? one.nowMs : -1;
          const due = model.filter(({ dueMs }) => dueMs <= nowMs);
          model = model.filter((deadline) => !due.includes(deadline));
          const expected = due.map(({ dueMs }) => dueMs).toSorted((a, b) => a - b);
          expect(drain(heap, nowMs)).toEqual(expected);
          expect(heap.size).toBe(model.length);
        }
      }),
    );
  });
});
