import { setImmediate as nextTurn } from "node:timers/promises";
import { FakeClock } from "@banterwire/protocol/testing";
import { expect, test } from "vitest";
import { MAX_TASKS_PER_TURN, Turns } from "./turns.ts";

test("one task runs in a turn, in their order", async () => {
  const turns = new Turns(new FakeClock());
  const ran: number[] = [];
  for (let task = 1; task <= 3; task++) turns.run(() => ran.push(task));
  expect(ran).toEqual([]);
  await nextTurn();
  expect(ran).toEqual([1]);
  await nextTurn();
  await nextTurn();
  expect(ran).toEqual([1, 2, 3]);
  turns.run(() => ran.push(4));
  await nextTurn();
  expect(ran.at(-1)).toBe(4);
});

test("a task that hands in another one does not make the turn longer", async () => {
  const turns = new Turns(new FakeClock());
  const ran: string[] = [];
  turns.run(() => {
    ran.push("one");
    turns.run(() => ran.push("two"));
  });
  await nextTurn();
  expect(ran).toEqual(["one"]);
  await nextTurn();
  expect(ran).toEqual(["one", "two"]);
});

test("where turns take long more run in one, to a bound", async () => {
  const clock = new FakeClock();
  const turns = new Turns(clock);
  let ran = 0;
  for (let task = 0; task < 100; task++) turns.run(() => ran++);
  for (const [turnMs, expected] of [
    [5.2, 5],
    [0.3, 6],
    [500, 6 + MAX_TASKS_PER_TURN],
  ] as const) {
    clock.block(turnMs);
    await nextTurn();
    expect(ran).toBe(expected);
  }
});

test("tasks that have nothing left to do take no turn", async () => {
  const turns = new Turns(new FakeClock());
  const ran: string[] = [];
  for (let count = 0; count < 9; count++) turns.run(() => false);
  turns.run(() => ran.push("one"));
  turns.run(() => ran.push("two"));
  await nextTurn();
  expect(ran).toEqual(["one"]);
});
