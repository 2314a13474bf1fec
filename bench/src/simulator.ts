import { type Bench, type Figure, type Figures, figureOf } from "./bench.ts";
import { calibrate, pooled } from "./simulator/calibration.ts";
import { simulate, simulatedRates } from "./simulator/command.ts";
import { compareDual, type DualPlan } from "./simulator/dual.ts";
import { type Rates, realRun } from "./simulator/real-run.ts";
import { CHARACTERS, openTavern, ROOMS, type Tavern } from "./simulator/tavern.ts";
import { startEmbeddedOllama } from "./support/embedded-ollama.ts";
import { seededRandom } from "./support/random.ts";
import { type Scale, scaleFromEnv } from "./support/scale.ts";
import { buildSidecar, startWarmSidecar } from "./support/sidecar.ts";

interface Plan {
  /** Measured in all. */
  readonly calls: number;
  /** Short ones, so that slow spells of the machine hit all loads and their calibrations alike. */
  readonly rounds: number;
  /** At each load. */
  readonly roundMs: number;
  /** Of each run with two endpoints. */
  readonly dualMs: number;
  /** Cues of the run that is timed. */
  readonly cues: number;
}

const PLANS: Readonly<Record<Scale, Plan>> = {
  quick: { calls: 120, rounds: 2, roundMs: 5_000, dualMs: 12_000, cues: 100_000 },
  usual: { calls: 640, rounds: 8, roundMs: 6_000, dualMs: 30_000, cues: 1_000_000 },
  long: { calls: 3_200, rounds: 40, roundMs: 6_000, dualMs: 90_000, cues: 1_000_000 },
};

/** Of what one slot would take if lines came as they suit it. */
const LOADS = [0.4, 0.8, 1.6] as const;
const BUDGET_MS = 200;
const SEED = 20_261_122;
const PLAYERS = 40;
/** Long enough that the simulation's own chance is less than the real run's. */
const SIMULATED_MINUTES = 10;
const TIMED_PER_SECOND = 100;

const RATES = [
  ["model", "modelHitRate"],
  ["any-line", "anyHitRate"],
] as const;

/** Whether `banterwire simulate` says beforehand what a real sidecar then does. */
export const simulator: Bench = {
  name: "simulator",
  about: "hit rates of a simulation against those of a real sidecar with the embedded model",
  goals: {
    "model hit rate: largest difference": { atMost: 10 },
    "any-line hit rate: largest difference": { atMost: 10 },
    "two endpoints, model hit rate: largest difference": { atMost: 10 },
    "two endpoints, any-line hit rate: largest difference": { atMost: 10 },
    "CPU time of 10^6 cues": { atMost: 60 },
    "CPU time of 10^6 cues, two endpoints": { atMost: 60 },
    "replays that differ": { atMost: 0 },
  },
  run: () => run(PLANS[scaleFromEnv()]),
};

async function run(plan: Plan): Promise<Figures> {
  buildSidecar();
  const dual = { runMs: plan.dualMs, budgetMs: BUDGET_MS, random: seededRandom(SEED) };
  return {
    ...(await measureAgreement(plan)),
    ...(await measureDual(dual)),
    ...(await measureSpeed(plan.cues)),
  };
}

async function measureAgreement(plan: Plan): Promise<Figures> {
  // One sequence, as the sidecar has one slot: what is cached is the last prompt.
  const ollama = await startEmbeddedOllama(1);
  try {
    const sidecar = await startWarmSidecar({ origin: ollama.origin, slots: 1 });
    const tavern = await openTavern(sidecar.url);
    try {
      return await compareRounds(tavern, plan);
    } finally {
      tavern.close();
      await sidecar.stop();
    }
  } finally {
    await ollama.stop();
  }
}

/** What a round measured, and what its simulations told. */
interface Compared {
  readonly real: Rates;
  readonly told: Rates;
}

async function compareRounds(tavern: Tavern, plan: Plan): Promise<Figures> {
  const random = seededRandom(SEED);
  const callsAtOnce = Math.ceil(plan.calls / plan.rounds / (LOADS.length + 1));
  const holdMs = (await calibrate(tavern, callsAtOnce, random)).holdMs;
  const rates = LOADS.map((load) => (load * 1_000) / holdMs);
  const rounds: Compared[][] = [];
  let calls = 0;
  for (let round = 0; round < plan.rounds; round++) {
    // Between the runs, so that a slow spell of the machine hits both alike.
    const calibrations = [await calibrate(tavern, callsAtOnce, random)];
    const real: Rates[] = [];
    for (const perSecond of rates) {
      real.push(await realRun(tavern, perSecond, plan.roundMs, BUDGET_MS, random));
      calibrations.push(await calibrate(tavern, callsAtOnce, random));
    }
    const calibration = pooled(calibrations);
    calls += calibration.calls;
    const told: Rates[] = [];
    for (const perSecond of rates) {
      const scenario = scenarioFor(perSecond, calibration.roundTripMs);
      told.push(await simulatedRates(scenario, calibration.csv));
    }
    rounds.push(real.map((one, index) => ({ real: one, told: told[index] ?? one })));
  }
  return {
    "calls measured": figureOf([calls], "calls"),
    "slot held by a line": figureOf([holdMs], "ms"),
    ...figuresOf(rounds),
  };
}

function figuresOf(rounds: readonly (readonly Compared[])[]): Figures {
  const figures: Figures = {};
  const worst = { model: 0, "any-line": 0 };
  for (const [index, load] of LOADS.entries()) {
    const at = rounds.flatMap((round) => round[index] ?? []);
    figures[`load ${load}: cues a second`] = figureOf(
      at.map(({ real }) => real.perSecond),
      "1/s",
    );
    for (const [name, key] of RATES) {
      const real = percentages(at.map((one) => one.real[key]));
      const told = percentages(at.map((one) => one.told[key]));
      figures[`load ${load}: ${name} hit rate, real`] = real;
      figures[`load ${load}: ${name} hit rate, simulated`] = told;
      worst[name] = Math.max(worst[name], Math.abs(real.value - told.value));
    }
  }
  for (const [name] of RATES) {
    figures[`${name} hit rate: largest difference`] = figureOf([worst[name]], "points");
  }
  return figures;
}

/** The mean of the rounds: short ones are too few cues for a median to say anything. */
function percentages(rates: readonly number[]): Figure {
  const percent = rates.map((rate) => 100 * rate);
  const mean = percent.reduce((sum, one) => sum + one, 0) / percent.length;
  return { ...figureOf(percent, "%"), value: mean };
}

function scenarioFor(perSecond: number, roundTripMs: number): object {
  return {
    players: PLAYERS,
    rooms: ROOMS,
    charactersPerRoom: CHARACTERS,
    repliesPerPlayerMinute: (perSecond * 60) / PLAYERS,
    nearbyPerPlayerMinute: 0,
    ambientPerRoomMinute: 0,
    budgetMs: BUDGET_MS,
    roundTripMs,
    minutes: SIMULATED_MINUTES,
    // One sequence and nothing beside it, as the embedded model was started.
    endpoints: [{ slots: 1, memoryTokens: 0 }],
  };
}

async function measureDual(plan: DualPlan): Promise<Figures> {
  const figures: Figures = {};
  const worst = { model: 0, "any-line": 0 };
  for (const { name, real, told } of await compareDual(plan)) {
    for (const [kind, key] of RATES) {
      const [measured, simulated] = [100 * real[key], 100 * told[key]];
      figures[`two endpoints, ${name}: ${kind} hit rate, real`] = figureOf([measured], "%");
      figures[`two endpoints, ${name}: ${kind} hit rate, simulated`] = figureOf([simulated], "%");
      worst[kind] = Math.max(worst[kind], Math.abs(measured - simulated));
    }
  }
  for (const [kind] of RATES) {
    const key = `two endpoints, ${kind} hit rate: largest difference`;
    figures[key] = figureOf([worst[kind]], "points");
  }
  return figures;
}

async function measureSpeed(cues: number): Promise<Figures> {
  const one = await timed(cues, [{ slots: 8 }]);
  const two = await timed(cues, [{ slots: 4 }, { slots: 4 }]);
  return {
    "cues of the timed run": figureOf([one.cues], "cues"),
    "CPU time of 10^6 cues": figureOf(one.cpuSeconds, "s"),
    "wall time of 10^6 cues": figureOf(one.seconds, "s"),
    "CPU time of 10^6 cues, two endpoints": figureOf(two.cpuSeconds, "s"),
    "replays that differ": figureOf([one.differing + two.differing], "replays"),
  };
}

/** The same game twice: what a million of its cues took, and whether the reports differ. */
async function timed(cues: number, endpoints: readonly object[]) {
  const players = 2_000;
  const scenario = {
    players,
    rooms: 200,
    minutes: cues / TIMED_PER_SECOND / 60,
    repliesPerPlayerMinute: (TIMED_PER_SECOND * 60) / players,
    nearbyPerPlayerMinute: 0,
    ambientPerRoomMinute: 0,
    endpoints,
  };
  const reports = [await simulate(scenario), await simulate(scenario)] as const;
  const { runs } = JSON.parse(reports[0].json) as { runs: [{ figures: { cues: number } }] };
  const simulatedCues = runs[0].figures.cues;
  const perMillion = (seconds: number): number => (seconds * 1_000_000) / simulatedCues;
  return {
    cues: simulatedCues,
    cpuSeconds: reports.map(({ cpuSeconds }) => perMillion(cpuSeconds)),
    seconds: reports.map(({ seconds }) => perMillion(seconds)),
    differing: Number(reports[0].json !== reports[1].json),
  };
}
