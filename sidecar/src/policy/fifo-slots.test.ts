import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Slots } from "./fifo-slots.ts";

describe("Slots", () => {
  test("grants free slots at once and makes the rest wait in order", () => {
    const slots = new Slots<string>(2, 10);
    expect(slots.request("a")).toBe("granted");
    expect(slots.request("b")).toBe("granted");
    expect(slots.request("c")).toBe("waiting");
    expect(slots.request("d")).toBe("waiting");
    expect(slots.release("a")).toBe("c");
    expect(slots.release("c")).toBe("d");
    expect(slots.release("d")).toBeUndefined();
  });

  test("refuses whoever finds the line at its bound", () => {
    const slots = new Slots<string>(1, 1);
    slots.request("a");
    slots.request("b");
    expect(slots.request("c")).toBe("refused");
  });

  test("an abandoned slot is nobody's until its zombie is buried", () => {
    const slots = new Slots<string>(1, 10);
    slots.request("a");
    slots.request("b");
    slots.abandon("a");
    expect(slots.hasFree).toBe(false);
    expect(slots.zombies).toBe(1);
    expect(slots.bury()).toBe("b");
    expect(slots.zombies).toBe(0);
  });

  test("who leaves the line is not granted", () => {
    const slots = new Slots<string>(1, 10);
    slots.request("a");
    slots.request("b");
    slots.request("c");
    slots.leave("b");
    expect(slots.release("a")).toBe("c");
  });

  test("of which there are more now are granted to those who wait, in order", () => {
    const slots = new Slots<string>(1, 10);
    for (const owner of ["a", "b", "c", "d"]) slots.request(owner);
    expect(slots.resize(3)).toEqual(["b", "c"]);
    expect([slots.total, slots.inFlight, slots.waiting]).toEqual([3, 3, 1]);
  });

  test("of which there are fewer now are kept by their holders, and granted to nobody till then", () => {
    const slots = new Slots<string>(3, 10);
    for (const owner of ["a", "b", "c", "d"]) slots.request(owner);
    expect(slots.resize(1)).toEqual([]);
    expect(slots.inFlight).toBe(3);
    expect([slots.release("a"), slots.release("b"), slots.release("c")]).toEqual([
      undefined,
      undefined,
      "d",
    ]);
  });

  test("never has more in flight than slots, zombies counted, and grants in order of arrival", () => {
    const step = fc.constantFrom("request", "release", "abandon", "bury", "leave");
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 4 }),
        fc.array(step, { maxLength: 200 }),
        (n, steps) => {
          const slots = new Slots<number>(n, 8);
          const holders: number[] = [];
          const waiting: number[] = [];
          let next = 0;
          const granted = (owner: number | undefined): void => {
            if (owner === undefined) return;
            expect(owner).toBe(waiting.shift());
            holders.push(owner);
          };
          for (const what of steps) {
            if (what === "request") {
              const owner = next++;
              const answer = slots.request(owner);
              if (answer === "granted") holders.push(owner);
              if (answer === "waiting") waiting.push(owner);
            }
            if (what === "leave" && waiting.length > 0) slots.leave(waiting.pop()!);
            if (what === "bury") granted(slots.bury());
            const holder = holders[0];
            if (holder !== undefined && what === "release") {
              holders.shift();
              granted(slots.release(holder));
            }
            if (holder !== undefined && what === "abandon") {
              holders.shift();
              slots.abandon(holder);
            }
            expect(slots.inFlight + slots.zombies).toBeLessThanOrEqual(n);
            expect(slots.inFlight).toBe(holders.length);
            expect(slots.waiting).toBe(waiting.length);
            expect(slots.waiting > 0 && slots.hasFree).toBe(false);
          }
        },
      ),
    );
  });
});
