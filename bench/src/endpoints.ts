import { writeFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { type Bench, type Figures, figureOf } from "./bench.ts";
import { CAPACITY, type Engine, startEngine } from "./endpoints/engine.ts";
import { type Answer, isModelHit, Tavern } from "./endpoints/tavern.ts";
import { timeLineOf } from "./endpoints/time-line.ts";
import { seededRandom } from "./support/random.ts";
import { type Scale, scaleFromEnv } from "./support/scale.ts";
import { quantileOf } from "./support/statistics.ts";

interface Plan {
  readonly rounds: number;
  readonly sharingMs: number;
  readonly hedgingMs: number;
  /** Of it, a quarter passes before the death, and a quarter until the end of it. */
  readonly deathMs: number;
}

const PLANS: Readonly<Record<Scale, Plan>> = {
  quick: { rounds: 1, sharingMs: 15_000, hedgingMs: 40_000, deathMs: 40_000 },
  usual: { rounds: 3, sharingMs: 20_000, hedgingMs: 60_000, deathMs: 60_000 },
  long: { rounds: 10, sharingMs: 60_000, hedgingMs: 120_000, deathMs: 120_000 },
};
const SEED = 20_261_121;
const BUDGET_MS = 200;
/** So long that no fallback ever comes: what is measured is the model. */
const NO_FALLBACK_MS = 10_000;
const STRAGGLERS = 0.03;
/** Of what one endpoint can serve: with room for what is asked twice, and too much for one alone. */
const STRAGGLER_LOAD = 0.5;
const SHARED_LOAD = 0.9;
const KILL_LOAD = 0.4;

/** One Ollama or two; late ones asked for twice or not; one that dies and comes back. */
export const endpoints: Bench = {
  name: "endpoints",
  about:
    "one Ollama against two, hedging on and off with stragglers, one killed and back (PLOT=FILE.svg)",
  goals: {
    "p99 TTFT, hedged over unhedged": { atMost: 0.3 },
    "hedged: extra requests": { atMost: 5 },
  },
  run: () => run(PLANS[scaleFromEnv()]),
};

async function run(plan: Plan): Promise<Figures> {
  const random = seededRandom(SEED);
  return {
    ...(await measureSharing(plan, random)),
    ...(await measureHedging(plan, random)),
    ...(await measureDeath(plan, random)),
  };
}

/** The same cues with one endpoint and with two. */
async function measureSharing({ rounds, sharingMs }: Plan, random: () => number): Promise<Figures> {
  const perSecond = SHARED_LOAD * CAPACITY;
  const rates = new Map<string, number[]>();
  for (const [name, count] of Object.entries({ single: 1, dual: 2 })) {
    const engines = await startEngines(count);
    const tavern = await Tavern.open(engines, true);
    for (let round = 0; round < rounds; round++) {
      const told = { perSecond, forMs: sharingMs, budgetMs: BUDGET_MS, random };
      const answers = await tavern.play(told);
      const hits = answers.filter(({ result }) => isModelHit(result, BUDGET_MS)).length;
      push(rates, `${name}: model hit rate`, (100 * hits) / answers.length);
      const anyHits = answers.filter(({ result: { ttftMs } }) => (ttftMs ?? Infinity) <= BUDGET_MS);
      push(rates, `${name}: any-line hit rate`, (100 * anyHits.length) / answers.length);
    }
    await closeAll(tavern, engines);
  }
  return Object.fromEntries([...rates].map(([key, values]) => [key, figureOf(values, "%")]));
}

/** Two endpoints with stragglers and no fallback, with and without second requests. */
async function measureHedging({ rounds, hedgingMs }: Plan, random: () => number): Promise<Figures> {
  const p99s = { on: [] as number[], off: [] as number[] };
  const extra: number[] = [];
  for (let round = 0; round < rounds; round++) {
    for (const hedging of ["off", "on"] as const) {
      const engines = await startEngines(2, STRAGGLERS, 2 * round);
      const tavern = await Tavern.open(engines, hedging === "on");
      const before = await linesOf(engines);
      const perSecond = STRAGGLER_LOAD * CAPACITY;
      const told = { perSecond, forMs: hedgingMs, budgetMs: NO_FALLBACK_MS, random };
      const answers = await tavern.play(told);
      const ttfts = answers.map(({ result: { ttftMs } }) => ttftMs ?? NaN);
      p99s[hedging].push(quantileOf(ttfts, 0.99));
      const asked = (await linesOf(engines)) - before;
      if (hedging === "on") extra.push(100 * (asked / answers.length - 1));
      await closeAll(tavern, engines);
    }
  }
  const ratios = p99s.on.map((on, round) => on / (p99s.off[round] ?? NaN));
  return {
    "unhedged: p99 TTFT": figureOf(p99s.off, "ms"),
    "hedged: p99 TTFT": figureOf(p99s.on, "ms"),
    "p99 TTFT, hedged over unhedged": figureOf(ratios, "x"),
    "hedged: extra requests": figureOf(extra, "%"),
  };
}

/** One of two endpoints is killed, and comes back. */
async function measureDeath({ deathMs: forMs }: Plan, random: () => number): Promise<Figures> {
  const engines = await startEngines(2);
  const [first] = engines;
  const tavern = await Tavern.open(engines, true);
  const dead = { fromMs: forMs / 4, toMs: forMs / 2 };
  const told = { perSecond: KILL_LOAD * CAPACITY, forMs, budgetMs: BUDGET_MS, random };
  const playing = tavern.play(told);
  await sleep(dead.fromMs);
  await first?.stop();
  await sleep(dead.toMs - dead.fromMs);
  const reborn = await startEngine({ port: Number(new URL(first?.origin ?? "").port) });
  const answers = await playing;
  await closeAll(tavern, [...engines.slice(1), reborn]);
  const { PLOT } = process.env;
  if (PLOT !== undefined) writeFileSync(PLOT, timeLineOf(answers, BUDGET_MS, dead));
  return {
    "before one of two is killed: model hit rate": hitRate(answers, 0, dead.fromMs),
    "while it is dead: model hit rate": hitRate(answers, dead.fromMs, dead.toMs),
    "after it is back: model hit rate": hitRate(answers, dead.toMs, forMs),
    "its whole time: any-line hit rate": figureOf(
      [
        (100 * answers.filter(({ result }) => (result.ttftMs ?? Infinity) <= BUDGET_MS).length) /
          answers.length,
      ],
      "%",
    ),
  };
}

function hitRate(answers: readonly Answer[], fromMs: number, toMs: number) {
  const within = answers.filter(({ atMs }) => atMs >= fromMs && atMs < toMs);
  const hits = within.filter(({ result }) => isModelHit(result, BUDGET_MS)).length;
  return figureOf([(100 * hits) / within.length], "%");
}

function startEngines(count: number, stragglers = 0, seed = 0): Promise<Engine[]> {
  const all = Array.from({ length: count }, (_, at) =>
    startEngine({ stragglers, seed: seed + at }),
  );
  return Promise.all(all);
}

async function linesOf(engines: readonly Engine[]): Promise<number> {
  const lines = await Promise.all(engines.map((engine) => engine.lines()));
  return lines.reduce((sum, count) => sum + count, 0);
}

async function closeAll(tavern: Tavern, engines: readonly Engine[]): Promise<void> {
  await tavern.close();
  await Promise.all(engines.map((engine) => engine.stop()));
}

function push(to: Map<string, number[]>, key: string, value: number): void {
  to.set(key, [...(to.get(key) ?? []), value]);
}
