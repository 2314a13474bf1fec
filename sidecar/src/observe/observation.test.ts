import { FakeClock } from "@banterwire/protocol/testing";
import { pino } from "pino";
import { beforeEach, expect, test } from "vitest";
import type { Happening } from "../happening.ts";
import type { SidecarStatus } from "../status.ts";
import { type Observation, startObservation } from "./observation.ts";

const ROOM: Happening = { kind: "roomOpened", connection: 1, room: 2, worldKey: "tavern" };
const FAULT: Happening = { kind: "faulted", connection: 1, error: new Error("ours") };
const CUE: Happening = {
  kind: "cueTaken",
  connection: 1,
  room: 2,
  line: 3,
  priority: "ambient",
  said: null,
  event: null,
};
const OUTCOME: Happening = {
  kind: "outcomeReported",
  connection: 1,
  report: {
    kind: "outcome",
    line: 3,
    room: 2,
    character: "mira",
    priority: "ambient",
    source: "model",
    ttftUs: 90_000,
    budgetMs: 200,
    roomStall: false,
    withdrawn: false,
  },
};

let clock: FakeClock;
let log: string[];
let observation: Observation;

beforeEach(() => {
  clock = new FakeClock();
  log = [];
  observation = startObservation({
    log: pino({ level: "info" }, { write: (line: string) => log.push(line) }),
    clock,
    metrics: false,
    showsText: () => false,
    // Nothing that is asked here needs more of it.
    status: () => ({ endpoints: [{ state: "warm", trouble: null }] }) as unknown as SidecarStatus,
  });
});

test("what happens is logged once the turn in which it happened is over, in its order", () => {
  observation.observe(ROOM);
  observation.observe({ ...ROOM, kind: "roomClosed" });
  expect(log).toEqual([]);
  clock.advance(1);
  expect(log.map((line) => JSON.parse(line).happening)).toEqual(["roomOpened", "roomClosed"]);
});

test("a fault is told at once, with all that came before it", () => {
  observation.observe(ROOM);
  observation.observe(FAULT);
  expect(log).toHaveLength(2);
});

test("books are up to date whenever they are read", () => {
  observation.observe(CUE);
  observation.observe(OUTCOME);
  expect(observation.hitRates().sinceStart).toMatchObject({ ambient: 1 });
});

test("what waits to be told is bounded: at the bound it is told at once", () => {
  for (let index = 0; index < 1_023; index++) observation.observe(ROOM);
  expect(log).toEqual([]);
  observation.observe(ROOM);
  expect(log.length).toBeGreaterThan(0);
});

test("what has not been told is told at the close, and nothing is left to wait for", () => {
  observation.observe(ROOM);
  observation.close();
  expect(log).toHaveLength(1);
  expect(clock.pending).toBe(0);
});
