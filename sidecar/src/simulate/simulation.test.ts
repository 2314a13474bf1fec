import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Arrival, Arrivals } from "./arrivals.ts";
import { totalOf } from "./books.ts";
import type { Ending } from "./line.ts";
import { Random } from "./random.ts";
import { type Scenario, scenarioSchema } from "./scenario.ts";
import { simulate } from "./simulation.ts";

/** Fast and even, so that what is due can be told beforehand. */
const EVEN = { overheadMs: 50, prefillMsPerToken: 0, spread: 0, contention: 0, loadMs: 2_000 };

function play(parts: object) {
  const endings: Ending[] = [];
  const scenario = scenarioSchema.parse(parts);
  const figures = simulate(scenario, { observe: (ending) => endings.push(ending) });
  return { scenario, figures, endings };
}

function arrivalsOf(scenario: Scenario): Arrival[] {
  const arrivals = new Arrivals(scenario, new Random(scenario.seed, "arrivals"));
  const all: Arrival[] = [];
  for (let next = arrivals.next(); next; next = arrivals.next()) all.push(next);
  return all;
}

function sorted(arrivals: readonly Arrival[]): readonly string[] {
  return arrivals.map((one) => JSON.stringify(one)).toSorted();
}

/** The share of lines from the model, of the cues of a time. */
function during(endings: readonly Ending[], fromSeconds: number, toSeconds: number): number {
  const within = endings.filter(
    ({ arrival: { atMs } }) => atMs >= fromSeconds * 1_000 && atMs < toSeconds * 1_000,
  );
  expect(within.length).toBeGreaterThan(20);
  return within.filter(({ source }) => source === "model").length / within.length;
}

const anyFailure = fc.constantFrom("down", "slow", "reload", "wedge").map((kind) => {
  const failure = { kind, fromSeconds: 20, toSeconds: 35 };
  return kind === "slow" ? Object.assign(failure, { factor: 5 }) : failure;
});

test("every cue ends exactly once, whatever fails, and is in the books once", () => {
  fc.assert(
    fc.property(
      fc.nat(10_000),
      fc.integer({ min: 0, max: 400 }),
      fc.integer({ min: 1, max: 6 }),
      fc.array(anyFailure, { maxLength: 1 }),
      fc.integer({ min: 1, max: 600 }),
      (seed, players, slots, failures, budgetMs) => {
        const { scenario, figures, endings } = play({
          seed,
          players,
          budgetMs,
          minutes: 1,
          bursts: [{ perMinute: 3, cues: 40, withinMs: 0 }],
          endpoints: [{ slots, failures }],
        });
        expect(sorted(endings.map(({ arrival }) => arrival))).toEqual(sorted(arrivalsOf(scenario)));
        expect(totalOf(figures, "cues")).toBe(endings.length);
        const reasons = ["complete", "truncated", "budget", "shed", "upstream"] as const;
        const ended = reasons.reduce((sum, reason) => sum + totalOf(figures, reason), 0);
        expect(ended).toBe(endings.length);
        expect(figures.cues + figures.ambient).toBe(endings.length);
      },
    ),
    { numRuns: 40 },
  );
});

test("no cue but ambience stays without words, and none gets them past its budget", () => {
  const { figures, endings } = play({ players: 400, minutes: 2 });
  expect(figures.anyHitRate).toBe(1);
  for (const { arrival, source, ttftMs } of endings) {
    if (arrival.priority === "ambient") continue;
    expect(source).not.toBe("none");
    expect(ttftMs).toBeLessThanOrEqual(200);
  }
});

test("the same scenario gives the same figures to the last byte, another seed other ones", () => {
  const crowd = { players: 200, minutes: 2, bursts: [{ perMinute: 5 }] };
  const run = (seed: number) => JSON.stringify(play({ seed, ...crowd }).figures);
  expect(run(1)).toBe(run(1));
  expect(run(2)).not.toBe(run(1));
});

test("more slots are asked the same questions at the same times", () => {
  const [few, many] = [1, 8].map((slots) =>
    sorted(
      play({ players: 100, minutes: 1, endpoints: [{ slots }] }).endings.map(
        ({ arrival }) => arrival,
      ),
    ),
  );
  expect(many).toEqual(few);
});

const CROWD = { players: 120, rooms: 20, ambientPerRoomMinute: 0, minutes: 5 };

function rateOf(players: number, slots: number): number {
  const endpoints = [{ slots, latency: EVEN }];
  return play({ ...CROWD, players, endpoints }).figures.modelHitRate ?? 0;
}

describe("capacity", () => {
  test("an engine with time to spare answers everything", () => {
    const { figures } = play({ ...CROWD, players: 4, endpoints: [{ slots: 8, latency: EVEN }] });
    expect(figures).toMatchObject({ modelHitRate: 1, anyHitRate: 1, fairness: 1 });
    expect(figures.modelTtftMs.p50).toBeCloseTo(51);
  });

  test("more slots, more hits; more players, fewer", () => {
    expect(rateOf(120, 2)).toBeGreaterThan(rateOf(120, 1));
    expect(rateOf(120, 4)).toBeGreaterThan(rateOf(120, 2));
    expect(rateOf(240, 1)).toBeLessThan(rateOf(120, 1));
  });

  test("a budget below a first token has no model hits, and costs no line its words", () => {
    const { figures } = play({ ...CROWD, budgetMs: 40, endpoints: [{ latency: EVEN }] });
    expect(figures).toMatchObject({ modelHitRate: 0, anyHitRate: 1 });
  });

  test("a raid of 200 rooms is answered by the model as far as slots go, by authors beyond", () => {
    const raid = { atSeconds: 60, rooms: 200, cues: 1, withinMs: 1_000 };
    const { figures, endings } = play({
      players: 0,
      rooms: 200,
      ambientPerRoomMinute: 0,
      minutes: 2,
      raids: [raid],
      endpoints: [{ slots: 4, latency: { ...EVEN, decodeTokensPerSecond: 240 } }],
    });
    const fromModel = endings.filter(({ source }) => source === "model").length;
    expect(endings).toHaveLength(200);
    // Four slots of 150 ms each take some 27 lines a second, for 1.2 s.
    expect(fromModel).toBeGreaterThan(15);
    expect(fromModel).toBeLessThan(50);
    expect(figures.anyHitRate).toBe(1);
  });
});

test("a room that sends more cues than it may hears its own authors", () => {
  const burst = { atSeconds: 60, rooms: 1, cues: 60, withinMs: 0 };
  const { endings } = play({ players: 0, rooms: 1, minutes: 2, raids: [burst] });
  const atOnce = endings.filter(({ source, ttftMs }) => source === "fallback" && ttftMs === 0);
  expect(atOnce).toHaveLength(10);
});

describe("an engine that", () => {
  const steady = {
    players: 60,
    rooms: 10,
    minutes: 3,
    ambientPerRoomMinute: 0,
    nearbyPerPlayerMinute: 0,
  };
  const playWith = (failure: object) =>
    play({ ...steady, endpoints: [{ slots: 8, latency: EVEN, failures: [failure] }] });

  test("is down leaves lines to their authors, and comes back once it is loaded", () => {
    const { endings } = playWith({ kind: "down", fromSeconds: 60, toSeconds: 80 });
    expect(during(endings, 0, 60)).toBeGreaterThan(0.95);
    expect(during(endings, 61, 82)).toBe(0);
    expect(during(endings, 85, 180)).toBeGreaterThan(0.95);
  });

  test("is reloaded by somebody else answers nothing meanwhile, and all of it after", () => {
    const { endings } = playWith({ kind: "reload", fromSeconds: 60, toSeconds: 80 });
    expect(during(endings, 61, 79)).toBe(0);
    expect(during(endings, 82, 180)).toBeGreaterThan(0.95);
  });

  test("is five times as slow misses while it is", () => {
    const { endings } = playWith({ kind: "slow", factor: 5, fromSeconds: 60, toSeconds: 90 });
    expect(during(endings, 61, 90)).toBeLessThan(0.2);
    expect(during(endings, 100, 180)).toBeGreaterThan(0.95);
  });

  test("is wedged gets no more lines until a canary has been answered", () => {
    const { endings } = playWith({ kind: "wedge", fromSeconds: 60, toSeconds: 90 });
    expect(during(endings, 61, 90)).toBe(0);
    const askedInVain = endings.filter(
      ({ arrival: { atMs }, reason }) => reason === "budget" && atMs >= 60_000 && atMs < 90_000,
    );
    expect(askedInVain.length).toBeLessThan(15);
    expect(during(endings, 130, 180)).toBeGreaterThan(0.95);
  });
});
