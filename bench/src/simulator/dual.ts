import { setTimeout as sleep } from "node:timers/promises";
import { CAPACITY, type Engine, SLOTS, startEngine } from "../endpoints/engine.ts";
import { type Answer, CHARACTERS, isModelHit, Tavern } from "../endpoints/tavern.ts";
import { csvOf, tripMsOf } from "./calibration.ts";
import { simulatedRates } from "./command.ts";
import type { Rates } from "./real-run.ts";

export interface DualPlan {
  /** Of the run with both, and of the one in whose middle third one is dead. */
  readonly runMs: number;
  readonly budgetMs: number;
  readonly random: () => number;
}

/** What a real sidecar with two Ollamas did, and what its simulation told. */
export interface DualCompared {
  readonly name: string;
  readonly real: Rates;
  readonly told: Rates;
}

/** Of what one endpoint can serve: too much for one alone. */
const LOAD = 0.9;
/** So seldom that no line waits for another. */
const CALIBRATION_LOAD = 0.1;
/** A run is short: what it says is chance in part, which many simulations take out of one side. */
const SEEDS = 10;
const LOAD_MS = 0;

/** Two scripted Ollamas behind a real sidecar, beside simulations with the times measured there. */
export async function compareDual(plan: DualPlan): Promise<readonly DualCompared[]> {
  const { runMs, budgetMs, random } = plan;
  const engines = [await startEngine(), await startEngine()];
  const tavern = await Tavern.open(engines, true);
  try {
    const play = (load: number) =>
      tavern.play({ perSecond: load * CAPACITY, forMs: runMs, budgetMs, random });
    const calibration = await play(CALIBRATION_LOAD);
    const both = ratesOf(await play(LOAD), runMs, budgetMs);
    const playing = play(LOAD);
    const dead = await killOne(engines, runMs);
    const killed = ratesOf(await playing, runMs, budgetMs);
    return [
      { name: "both", real: both, told: await simulateMany(calibration, [], plan) },
      {
        name: "one dead for a third",
        real: killed,
        told: await simulateMany(calibration, [dead], plan),
      },
    ];
  } finally {
    await tavern.close();
    await Promise.all(engines.map((engine) => engine.stop()));
  }
}

/** Says as a scenario does when the first one was dead; puts the new one in its place. */
async function killOne(engines: Engine[], runMs: number): Promise<object> {
  const startedMs = performance.now();
  const seconds = (): number => (performance.now() - startedMs) / 1_000;
  const [first] = engines;
  await sleep(runMs / 3);
  const fromSeconds = seconds();
  await first?.stop();
  await sleep(runMs / 3);
  engines[0] = await startEngine({ port: Number(new URL(first?.origin ?? "").port) });
  return { kind: "down", fromSeconds, toSeconds: seconds() };
}

function ratesOf(answers: readonly Answer[], forMs: number, budgetMs: number): Rates {
  const count = (isHit: (answer: Answer) => boolean): number => answers.filter(isHit).length;
  const modelHits = count(({ result }) => isModelHit(result, budgetMs));
  const anyHits = count(({ result: { ttftMs } }) => (ttftMs ?? Infinity) <= budgetMs);
  return {
    modelHitRate: modelHits / answers.length,
    anyHitRate: anyHits / answers.length,
    perSecond: (answers.length * 1_000) / forMs,
  };
}

async function simulateMany(
  calibration: readonly Answer[],
  failures: readonly object[],
  { runMs, budgetMs }: DualPlan,
): Promise<Rates> {
  const results = calibration.map(({ result }) => result);
  const engine = { slots: SLOTS, latency: { loadMs: LOAD_MS } };
  const scenario = {
    players: CHARACTERS,
    rooms: 1,
    charactersPerRoom: CHARACTERS,
    repliesPerPlayerMinute: (LOAD * CAPACITY * 60) / CHARACTERS,
    nearbyPerPlayerMinute: 0,
    ambientPerRoomMinute: 0,
    budgetMs,
    roundTripMs: tripMsOf(results),
    minutes: runMs / 60_000,
    endpoints: [{ ...engine, failures }, engine],
  };
  const all: Rates[] = [];
  for (let seed = 1; seed <= SEEDS; seed++) {
    all.push(await simulatedRates({ ...scenario, seed }, csvOf(results)));
  }
  const mean = (key: keyof Rates): number =>
    all.reduce((sum, one) => sum + one[key], 0) / all.length;
  return {
    modelHitRate: mean("modelHitRate"),
    anyHitRate: mean("anyHitRate"),
    perSecond: mean("perSecond"),
  };
}
