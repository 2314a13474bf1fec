import { setImmediate as nextTurn } from "node:timers/promises";
import { expect, test } from "vitest";
import { Turns } from "./turns.ts";

test("a few tasks run at once, the others in later turns, in their order", async () => {
  const turns = new Turns(2);
  const ran: number[] = [];
  for (let task = 1; task <= 5; task++) turns.run(() => ran.push(task));
  expect(ran).toEqual([1, 2]);
  await nextTurn();
  expect(ran).toEqual([1, 2, 3, 4]);
  await nextTurn();
  expect(ran).toEqual([1, 2, 3, 4, 5]);
  await nextTurn();
  turns.run(() => ran.push(6));
  expect(ran.at(-1)).toBe(6);
});

test("a task that hands in another one does not make the turn longer", async () => {
  const turns = new Turns(1);
  const ran: string[] = [];
  turns.run(() => {
    ran.push("one");
    turns.run(() => ran.push("two"));
  });
  expect(ran).toEqual(["one"]);
  await nextTurn();
  expect(ran).toEqual(["one", "two"]);
});
