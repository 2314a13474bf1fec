import { setImmediate as nextTurn } from "node:timers/promises";
import { FakeClock } from "@banterwire/protocol/testing";
import { beforeEach, describe, expect, test } from "vitest";
import { MAX_TASKS_PER_TURN, type Task, Turns } from "./turns.ts";

const SHARE = 0.25;

let clock: FakeClock;
let isBusy: boolean;
let turns: Turns;
let ran: string[];

beforeEach(() => {
  clock = new FakeClock();
  isBusy = false;
  turns = new Turns({ clock, share: SHARE, maxCreditMs: 1, hasOpenLines: () => isBusy });
  ran = [];
});

function task(name: string, then?: () => void): Task {
  const mine = ran;
  return () => {
    mine.push(name);
    then?.();
    return true;
  };
}

test("one task runs in a turn, in their order", async () => {
  for (const name of ["1", "2", "3"]) turns.run(task(name));
  expect(ran).toEqual([]);
  await nextTurn();
  expect(ran).toEqual(["1"]);
  await nextTurn();
  await nextTurn();
  expect(ran).toEqual(["1", "2", "3"]);
  turns.run(task("4"));
  await nextTurn();
  expect(ran.at(-1)).toBe("4");
});

test("what is to run first does, in its own order", async () => {
  for (const name of ["1", "2"]) turns.run(task(name));
  for (const name of ["a", "b"]) turns.runFirst(task(name));
  for (let turn = 0; turn < 4; turn++) await nextTurn();
  expect(ran).toEqual(["a", "b", "1", "2"]);
});

test("of little ones as many run in a turn as count for one, after those that are to run first", async () => {
  turns = new Turns({
    clock,
    share: SHARE,
    maxCreditMs: 1,
    littlesPerTask: 3,
    hasOpenLines: () => isBusy,
  });
  for (const name of ["1", "2", "3", "4"]) turns.run(task(name));
  turns.runFirst(task("a"));
  await nextTurn();
  expect(ran).toEqual(["a"]);
  await nextTurn();
  expect(ran).toEqual(["a", "1", "2", "3"]);
});

test("after a rest, too, tasks that have nothing left to do take no turn", async () => {
  isBusy = true;
  turns.run(task("1", () => clock.block(10)));
  const idle: Task = () => {
    clock.block(0.001);
    return false;
  };
  for (let count = 0; count < 9; count++) turns.run(idle);
  turns.run(task("2"));
  await nextTurn();
  clock.advance(26);
  await nextTurn();
  expect(ran).toEqual(["1", "2"]);
});

test("a task that hands in another one does not make the turn longer", async () => {
  turns.run(task("1", () => turns.run(task("2"))));
  await nextTurn();
  expect(ran).toEqual(["1"]);
  await nextTurn();
  expect(ran).toEqual(["1", "2"]);
});

test("where turns take long more run in one, to a bound", async () => {
  for (let count = 0; count < 100; count++) turns.run(task("one"));
  for (const [turnMs, expected] of [
    [5.2, 5],
    [0.3, 6],
    [500, 6 + MAX_TASKS_PER_TURN],
  ] as const) {
    clock.block(turnMs);
    await nextTurn();
    expect(ran).toHaveLength(expected);
  }
});

test("of those that run in one turn no more do than there is time for, while lines are open", async () => {
  isBusy = true;
  for (let count = 0; count < 100; count++) turns.run(task("one", () => clock.block(0.4)));
  clock.block(5.2);
  await nextTurn();
  // A millisecond is saved up; the third task spends more.
  expect(ran).toHaveLength(3);
});

test("tasks that have nothing left to do take no turn", async () => {
  for (let count = 0; count < 9; count++) turns.run(() => false);
  turns.run(task("1"));
  turns.run(task("2"));
  await nextTurn();
  expect(ran).toEqual(["1"]);
});

test("a task that fails stops nobody else", async () => {
  const failed: unknown[] = [];
  const [before] = process.listeners("uncaughtException");
  process.removeAllListeners("uncaughtException");
  process.once("uncaughtException", (error) => failed.push(error));
  const fault = new Error("a fault of ours");
  turns.run(() => {
    throw fault;
  });
  turns.run(task("2"));
  await nextTurn();
  await nextTurn();
  if (before) process.on("uncaughtException", before);
  expect(failed).toEqual([fault]);
  expect(ran).toEqual(["2"]);
});

/** Hands in the next task: while the one before is under way, or when nothing waits any more. */
type HandIn = (next: () => void) => void;
const atOnce: HandIn = (next) => next();
const whenDone: HandIn = (next) => setImmediate(() => setImmediate(next));

/** What share of a second goes to tasks of that length, where nothing else takes any time. */
async function shareOf(eachMs: number, handIn = atOnce): Promise<number> {
  const [mine, endMs] = [clock, clock.nowMs() + 1_000];
  let count = 0;
  const next: Task = () => {
    if (mine.nowMs() >= endMs) return false;
    count++;
    // What it leaves to the end of the turn is its own, too.
    process.nextTick(() => mine.block(eachMs));
    handIn(() => turns.run(next));
    return true;
  };
  turns.run(next);
  while (clock.nowMs() < endMs) {
    await nextTurn();
    if (clock.nextDueMs !== undefined) clock.advance(clock.nextDueMs - clock.nowMs());
  }
  return (count * eachMs) / 1_000;
}

describe.each([
  ["that wait", atOnce],
  ["that come alone", whenDone],
])("tasks %s, while lines are open,", (_how, handIn) => {
  test.each([0.1, 0.5, 5, 20])(
    "of %s ms have their share of the loop's time, and no more",
    async (eachMs) => {
      isBusy = true;
      expect(Math.abs((await shareOf(eachMs, handIn)) - SHARE)).toBeLessThan(0.03);
    },
  );
});

test("a task that takes for ever is not rested for as long", async () => {
  isBusy = true;
  turns.run(task("1", () => clock.block(60_000)));
  turns.run(task("2"));
  await nextTurn();
  await nextTurn();
  expect(ran).toEqual(["1"]);
  clock.advance(100);
  await nextTurn();
  expect(ran).toEqual(["1", "2"]);
});

test("while no line is open they have all of it, and it is nobody's debt", async () => {
  expect(await shareOf(0.5)).toBe(1);
  isBusy = true;
  expect(await shareOf(0.5)).toBeGreaterThan(SHARE - 0.01);
});
