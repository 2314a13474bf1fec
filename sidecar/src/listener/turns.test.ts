import { setImmediate as nextTurn } from "node:timers/promises";
import { FakeClock } from "@banterwire/protocol/testing";
import { beforeEach, expect, test } from "vitest";
import { MAX_TASKS_PER_TURN, Turns } from "./turns.ts";

const SHARE = 0.25;

let clock: FakeClock;
let isBusy: boolean;
let turns: Turns;

beforeEach(() => {
  clock = new FakeClock();
  isBusy = false;
  turns = new Turns({ clock, share: SHARE, maxCreditMs: 1, hasOpenLines: () => isBusy });
});

test("one task runs in a turn, in their order", async () => {
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
  const ran: string[] = [];
  for (let count = 0; count < 9; count++) turns.run(() => false);
  turns.run(() => ran.push("one"));
  turns.run(() => ran.push("two"));
  await nextTurn();
  expect(ran).toEqual(["one"]);
});

/** Of what takes `eachMs`, how many run within a second in which nothing else does. */
async function runInASecond(eachMs: number): Promise<number> {
  const [mine, endMs] = [clock, clock.nowMs() + 1_000];
  let ran = 0;
  const task = (): void => {
    if (mine.nowMs() >= endMs) return;
    ran++;
    // What it leaves to the end of the turn is its own, too.
    process.nextTick(() => mine.block(eachMs));
    turns.run(task);
  };
  turns.run(task);
  while (clock.nowMs() < endMs) {
    await nextTurn();
    if (clock.nextDueMs !== undefined) clock.advance(clock.nextDueMs - clock.nowMs());
  }
  return ran;
}

test("while lines are open all of them have their share of the loop's time, and no more", async () => {
  isBusy = true;
  const taskMs = 0.5;
  const ran = await runInASecond(taskMs);
  expect((ran * taskMs) / 1_000).toBeGreaterThan(SHARE - 0.01);
  expect((ran * taskMs) / 1_000).toBeLessThan(SHARE + 0.01);
});

test("while no line is open they have all of it", async () => {
  expect(await runInASecond(0.5)).toBeGreaterThanOrEqual(2_000);
});

test("what was spent while no line was open is nobody's debt", async () => {
  await runInASecond(0.5);
  isBusy = true;
  expect(await runInASecond(0.5)).toBeGreaterThan(490);
});
