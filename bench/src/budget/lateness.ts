import { setTimeout as sleep } from "node:timers/promises";
import type { LineEnd } from "@banterwire/protocol";
import { type Figures, figureOf } from "../bench.ts";
import { type FloorProcess, startFloor } from "../support/floor.ts";
import { type Game, startGame } from "../support/game.ts";
import type { Pace } from "../support/pace.ts";
import { type PacedUpstream, startPacedUpstream } from "../support/paced-upstream.ts";
import { connectPeer, type Peer } from "../support/peers.ts";
import { openRawGame, type RawGame } from "../support/raw-game.ts";
import { keepSchedule, poissonSchedule, preciseClock } from "../support/schedule.ts";
import { type SidecarProcess, startWarmSidecar, UNBOUNDED } from "../support/sidecar.ts";
import { figureOfInterval, pooledQuantile } from "../support/statistics.ts";
import { within } from "../support/within.ts";

export interface LatenessPlan {
  readonly rounds: number;
  readonly roundMs: number;
}

/** Streams of 20 tok/s beside the cues that miss: none, and half and all of what fills a core. */
const LOADS = { idle: 0, half: 500, full: 1_000 } as const;
export type Load = keyof typeof LOADS;

const STREAM: Pace = { tokens: 380, gapMs: 50, prefillMs: 20 };
/** One empty token at once, then silence: the model is there, and too late. */
const SILENT: Pace = { tokens: 0, gapMs: 0, prefillMs: 0 };
const CUES_PER_SECOND = 250;
const REMAINING_MS = 200;
/** What the sidecar keeps back of a cue's time for its own timers' lateness. */
const GUARD_MS = 5;
const DEADLINE_MS = REMAINING_MS - GUARD_MS;
/** Spans are whole microseconds, and there are seven. */
const ROUNDING_MS = 0.007;
const SLOTS = 4_096;
const SETTLE_MS = 500;
/** A fallback that has not come by then is missing. */
const MISSING_AFTER_MS = 10_000;

interface Stage {
  readonly upstream: PacedUpstream;
  readonly floor: FloorProcess;
  readonly sidecar: SidecarProcess;
  readonly raw: RawGame;
  readonly doomed: Peer;
  readonly games: { readonly floor: Game; readonly sidecar: Game };
}

/** By round, how late each fallback or bare timer was, milliseconds. */
interface Lateness {
  readonly floor: number[][];
  readonly sidecar: number[][];
  /** Cues that got no fallback. */
  missing: number;
  /** Cues that got theirs at once: the sidecar was looking whether the model is still resident. */
  atOnce: number;
}

/** How late fallbacks leave past the internal deadline, against bare timers under the same streams. */
export async function measureLateness(plan: LatenessPlan, random: () => number): Promise<Figures> {
  const upstream = await startPacedUpstream();
  const { origin } = upstream;
  const floor = await startFloor(origin);
  const sidecar = await startWarmSidecar({ origin, slots: SLOTS, env: UNBOUNDED });
  const raw = await openRawGame(sidecar.url);
  const doomed = await connectPeer("floor", floor.url, 1);
  const games = {
    floor: await startGame("floor", floor.url),
    sidecar: await startGame("sidecar", sidecar.url),
  };
  try {
    const stage = { upstream, floor, sidecar, raw, doomed, games };
    const figures: Figures = {};
    for (const load of Object.keys(LOADS) as Load[]) {
      Object.assign(figures, figuresOf(load, await underLoad(stage, load, plan, random), random));
    }
    return figures;
  } finally {
    raw.close();
    for (const one of [games.floor, games.sidecar, sidecar, floor, upstream]) await one.stop();
  }
}

async function underLoad(
  stage: Stage,
  load: Load,
  { rounds, roundMs }: LatenessPlan,
  random: () => number,
): Promise<Lateness> {
  const lateness: Lateness = { floor: [], sidecar: [], missing: 0, atOnce: 0 };
  for (let round = 0; round < rounds; round++) {
    lateness.floor.push(
      await beside(stage.games.floor, load, () => bareTimers(stage, roundMs, random)),
    );
    const ends = await beside(stage.games.sidecar, load, () => misses(stage.raw, roundMs, random));
    const fallbacks = ends.flatMap((end) => (end?.source === "fallback" ? [end] : []));
    const late = fallbacks.filter(({ reason }) => reason === "budget");
    lateness.missing += ends.length - fallbacks.length;
    lateness.atOnce += fallbacks.length - late.length;
    lateness.sidecar.push(late.map(latenessOf));
  }
  return lateness;
}

async function beside<T>(game: Game, load: Load, measure: () => Promise<T>): Promise<T> {
  const streams = LOADS[load];
  if (streams === 0) return measure();
  await game.hold({ streams, rampMs: streams * 2, pace: STREAM });
  const measured = await measure();
  await game.release();
  await sleep(SETTLE_MS);
  return measured;
}

/** The floor carries silent streams too, which its game gives up; its timers only tell the time. */
async function bareTimers(
  { floor, doomed }: Stage,
  forMs: number,
  random: () => number,
): Promise<number[]> {
  const timers = floor.timers({ perSecond: CUES_PER_SECOND, delayMs: DEADLINE_MS, forMs });
  await keepSchedule(poissonSchedule(CUES_PER_SECOND, forMs, random), preciseClock, () => {
    const giveUp = doomed.say(SILENT, { text() {}, end() {} });
    setTimeout(giveUp, DEADLINE_MS);
  });
  return [...(await timers)];
}

async function misses(
  raw: RawGame,
  forMs: number,
  random: () => number,
): Promise<(LineEnd | undefined)[]> {
  const ends: Promise<LineEnd | undefined>[] = [];
  await keepSchedule(poissonSchedule(CUES_PER_SECOND, forMs, random), preciseClock, () => {
    ends.push(within(MISSING_AFTER_MS, raw.cue(SILENT, REMAINING_MS).end));
  });
  return Promise.all(ends);
}

/** A fallback ends its line as it begins it, so the line's wall time is when it left. */
function latenessOf({ spansUs }: LineEnd): number {
  return spansUs.reduce((sum, span) => sum + span, 0) / 1_000 - DEADLINE_MS;
}

function figuresOf(load: Load, lateness: Lateness, random: () => number): Figures {
  const { floor, sidecar, missing, atOnce } = lateness;
  const early = sidecar.flat().filter((late) => late < -ROUNDING_MS);
  const figures: Figures = {
    [`${load}: cues that the model missed`]: figureOf([sidecar.flat().length], "cues"),
    [`${load}: fallbacks too early`]: figureOf([early.length], "cues"),
    [`${load}: fallbacks missing`]: figureOf([missing], "cues"),
    [`${load}: fallbacks at once, the endpoint being checked`]: figureOf([atOnce], "cues"),
  };
  for (const [name, quantile] of [
    ["p50", 0.5],
    ["p99", 0.99],
    ["p99.9", 0.999],
  ] as const) {
    const { one, other, ratio } = pooledQuantile(sidecar, floor, quantile, random);
    figures[`${load}: bare timer's lateness, ${name}`] = figureOfInterval(other, "ms");
    figures[`${load}: fallback's lateness, ${name}`] = figureOfInterval(one, "ms");
    figures[`${load}: lateness over bare timers, ${name}`] = figureOfInterval(ratio, "x");
  }
  return figures;
}
