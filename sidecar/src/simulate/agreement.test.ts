import { afterEach, expect, test } from "vitest";
import { BUDGET_GUARD_MS } from "@banterwire/protocol/client";
import { internalDeadlineMs } from "../policy/budget.ts";
import { saying } from "../testing/reply.ts";
import { VirtualFleet } from "../testing/virtual/virtual-fleet.ts";
import { Arrivals } from "./arrivals.ts";
import { Random } from "./random.ts";
import { type Scenario, scenarioSchema } from "./scenario.ts";
import { simulate } from "./simulation.ts";

const SLOTS = 4;
const CAST = 24;
const PREFILL_MS = 25;
const TOKEN_GAP_MS = 10;
const { steps } = saying("Mind the step, traveller, it is older than me.", TOKEN_GAP_MS);
const FIRST_MS = PREFILL_MS + TOKEN_GAP_MS;
const DECODE_MS = 8 * TOKEN_GAP_MS;
const LATE_MS = 500;
const LOAD_MS = 300;
const DEAD = { fromSeconds: 6, toSeconds: 12 };

interface Play {
  readonly endpoints: number;
  /** Of what one can serve when no slot is ever idle. */
  readonly load: number;
  readonly isOneKilled?: boolean;
  /** The share of first tokens that are late. */
  readonly late?: number;
}

let fleet: VirtualFleet | undefined;

afterEach(async () => {
  await fleet?.close();
  fleet = undefined;
});

function scenarioOf({ endpoints, load, isOneKilled }: Play): Scenario {
  const perSecond = (load * SLOTS * 1_000) / (FIRST_MS + DECODE_MS);
  const engine = { slots: SLOTS, latency: { loadMs: LOAD_MS } };
  const failures = isOneKilled ? [{ kind: "down", ...DEAD }] : [];
  return scenarioSchema.parse({
    players: CAST,
    rooms: 1,
    charactersPerRoom: CAST,
    repliesPerPlayerMinute: (perSecond * 60) / CAST,
    nearbyPerPlayerMinute: 0,
    ambientPerRoomMinute: 0,
    minutes: 0.3,
    roundTripMs: 0,
    maxCuesPerSecondPerRoom: 1_000,
    endpoints: Array.from({ length: endpoints }, (_, at) =>
      at === 0 ? { ...engine, failures } : engine,
    ),
  });
}

/** Who speaks when, and when the first endpoint dies and rises. */
function deedsOf(scenario: Scenario, isOneKilled = false) {
  const arrivals = new Arrivals(scenario, new Random(scenario.seed, "arrivals"));
  const deeds = isOneKilled
    ? [
        { atMs: DEAD.fromSeconds * 1_000, does: "die" },
        { atMs: DEAD.toSeconds * 1_000, does: "rise" },
      ]
    : [];
  for (let one = arrivals.next(); one; one = arrivals.next()) {
    deeds.push({ atMs: one.atMs, does: nameOf(one.character) });
  }
  return deeds.toSorted((a, b) => a.atMs - b.atMs);
}

/** Model hits of the sidecar's own fleet, endpoints and slot desks, under a clock that is handed in. */
async function hitsOfFleet(scenario: Scenario, { isOneKilled, late = 0 }: Play): Promise<number> {
  const { endpoints, seed, budgetMs } = scenario;
  const lates = new Random(seed, "late");
  fleet = await VirtualFleet.open(endpoints.map(({ slots }) => ({ slots })));
  for (const { engine } of fleet.ollamas) {
    engine.answerWith(() => {
      const isLate = lates.next() < late;
      const wait = isLate ? [{ do: "wait", ms: LATE_MS } as const] : [];
      return { prefillMs: PREFILL_MS, steps: [...wait, ...steps] };
    });
  }
  const drops = Array.from({ length: CAST }, (_, at) => fleet?.keepWarm(nameOf(at)));
  await fleet.pass(20_000);
  const remainingMs = internalDeadlineMs(0, Math.floor(budgetMs - BUDGET_GUARD_MS));
  let nowMs = 0;
  for (const { atMs, does } of deedsOf(scenario, isOneKilled)) {
    await fleet.pass(atMs - nowMs);
    nowMs = atMs;
    if (does === "die") fleet.ollamas[0]?.goDown();
    else if (does === "rise") fleet.ollamas[0]?.comeUp();
    else fleet.ask({ character: does, budgetMs: remainingMs });
  }
  await fleet.pass(5_000);
  for (const drop of drops) drop?.();
  return fleet.answers.filter(({ firstMs }) => firstMs !== undefined).length;
}

function nameOf(character: number): string {
  return `npc${character}x`;
}

/** Points between the two, at most: who is at home where is the luck of each. */
const WITHIN = 1;
/** So is what straggles. */
const WITHIN_LATE = 4;

test.each<Play>([
  { endpoints: 1, load: 0.9 },
  { endpoints: 2, load: 1.8 },
  { endpoints: 2, load: 3 },
  { endpoints: 2, load: 1.8, isOneKilled: true },
  { endpoints: 2, load: 0.5, late: 0.05 },
])("the simulator and the sidecar's own fleet have the same hit rate: %o", async (play) => {
  const scenario = scenarioOf(play);
  const { late = 0 } = play;
  const figures = simulate(scenario, {
    timesOf: () => ({
      timesOf: (_work, random) => ({
        loadMs: 0,
        prefillMs: PREFILL_MS,
        firstMs: FIRST_MS + (random.next() < late ? LATE_MS : 0),
        decodeMs: DECODE_MS,
      }),
    }),
  });
  const hits = await hitsOfFleet(scenario, play);
  const points = 100 * (hits / figures.cues - (figures.modelHitRate ?? 0));
  expect(Math.abs(points)).toBeLessThan(late > 0 ? WITHIN_LATE : WITHIN);
});
