import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Arrival, Arrivals } from "./arrivals.ts";
import { Random } from "./random.ts";
import { scenarioSchema } from "./scenario.ts";

const QUIET = { repliesPerPlayerMinute: 0, nearbyPerPlayerMinute: 0, ambientPerRoomMinute: 0 };

function arrivalsOf(parts: object, seed = 1): Arrival[] {
  const scenario = scenarioSchema.parse({ ...parts, seed });
  const arrivals = new Arrivals(scenario, new Random(seed, "arrivals"));
  const all: Arrival[] = [];
  for (let next = arrivals.next(); next; next = arrivals.next()) all.push(next);
  return all;
}

describe("single cues", () => {
  test("come at the rates that the scenario says, by priority", () => {
    const rates = {
      repliesPerPlayerMinute: 3,
      nearbyPerPlayerMinute: 1.5,
      ambientPerRoomMinute: 6,
    };
    const all = arrivalsOf({ players: 100, rooms: 20, minutes: 100, ...rates });
    const count = (priority: string) => all.filter((one) => one.priority === priority).length;
    // Expected 30,000, 15,000 and 12,000; a Poisson count is within 5 of its deviations.
    for (const [priority, expected] of [
      ["reply", 30_000],
      ["nearby", 15_000],
      ["ambient", 12_000],
    ] as const) {
      expect(Math.abs(count(priority) - expected)).toBeLessThan(5 * Math.sqrt(expected));
    }
  });

  test("have gaps as a Poisson process has: as much spread as mean", () => {
    const all = arrivalsOf({ players: 60, minutes: 300, ...QUIET, repliesPerPlayerMinute: 1 });
    const gaps = all.slice(1).map(({ atMs }, index) => atMs - (all[index]?.atMs ?? 0));
    const mean = gaps.reduce((sum, gap) => sum + gap, 0) / gaps.length;
    const variance = gaps.reduce((sum, gap) => sum + (gap - mean) ** 2, 0) / gaps.length;
    expect(mean).toBeGreaterThan(960);
    expect(mean).toBeLessThan(1_040);
    expect(Math.sqrt(variance) / mean).toBeGreaterThan(0.95);
    expect(Math.sqrt(variance) / mean).toBeLessThan(1.05);
  });

  test("spread over players' rooms and their characters evenly", () => {
    const all = arrivalsOf({ players: 30, rooms: 10, charactersPerRoom: 3, minutes: 200 });
    const counts = Map.groupBy(all, ({ room, character }) => `${room}/${character}`);
    expect(counts.size).toBe(30);
    const expected = all.length / 30;
    for (const [, { length }] of counts) {
      expect(Math.abs(length - expected)).toBeLessThan(5 * Math.sqrt(expected));
    }
  });
});

describe("crowds", () => {
  test("a raid has its cues in each of its rooms within its time", () => {
    const raid = { atSeconds: 30, rooms: 200, cues: 5, withinMs: 2_000, priority: "reply" };
    const all = arrivalsOf({ players: 0, rooms: 250, minutes: 2, ...QUIET, raids: [raid] });
    expect(all).toHaveLength(1_000);
    const rooms = Map.groupBy(all, ({ room }) => room);
    expect([...rooms.values()].map(({ length }) => length)).toEqual(Array(200).fill(5));
    expect(all[0]?.atMs).toBeGreaterThanOrEqual(30_000);
    expect(all.at(-1)?.atMs).toBeLessThan(32_000);
  });

  test("bursts come at their rate, each in one room", () => {
    const burst = { perMinute: 2, cues: 7, withinMs: 0, priority: "nearby" };
    const all = arrivalsOf({ players: 0, rooms: 30, minutes: 500, ...QUIET, bursts: [burst] });
    const bursts = Map.groupBy(all, ({ atMs }) => atMs);
    expect(Math.abs(bursts.size - 1_000)).toBeLessThan(5 * Math.sqrt(1_000));
    for (const [, cues] of bursts) {
      expect(new Set(cues.map(({ room }) => room)).size).toBe(1);
      expect(cues).toHaveLength(7);
    }
  });
});

test("cues come in the order of time, within the game, and again with the same seed", () => {
  fc.assert(
    fc.property(
      fc.nat(1_000),
      fc.integer({ min: 0, max: 50 }),
      fc.integer({ min: 1, max: 20 }),
      (seed, players, rooms) => {
        const parts = {
          players,
          rooms,
          minutes: 3,
          bursts: [{ perMinute: 2 }],
          raids: [{ atSeconds: 179.5, rooms }],
        };
        const all = arrivalsOf(parts, seed);
        expect(all.every(({ atMs }, at) => atMs >= (all[at - 1]?.atMs ?? 0))).toBe(true);
        expect(all.every(({ atMs, room }) => atMs < 180_000 && room < rooms)).toBe(true);
        expect(arrivalsOf(parts, seed)).toEqual(all);
      },
    ),
    { numRuns: 30 },
  );
});
