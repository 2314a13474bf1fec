import { quantileOf } from "./statistics.ts";

/** When requests are due, milliseconds after a start, ascending. */
export type Schedule = readonly number[];

/**
 * Open-loop arrivals with independent exponential gaps (a Poisson process): each is due when it is
 * due, whether or not earlier ones were answered.
 */
export function poissonSchedule(
  perSecond: number,
  durationMs: number,
  random: () => number,
): Schedule {
  if (!(perSecond > 0)) throw new RangeError("arrivals need a rate above 0");
  const due: number[] = [];
  for (let atMs = 0; ; due.push(atMs)) {
    atMs += (-Math.log(1 - random()) * 1000) / perSecond;
    if (atMs >= durationMs) return due;
  }
}

/** Arrivals at even distances, the first at once. */
export function evenSchedule(count: number, durationMs: number): Schedule {
  return Array.from({ length: count }, (_, index) => (index * durationMs) / count);
}

export interface ScheduleClock {
  nowMs(): number;
  /** Resolves no later than after the delay, sooner if it can do no better. */
  wait(delayMs: number): Promise<void>;
}

/**
 * Calls `start` for each arrival at its time or after it, never before, and hands on when it was
 * due. A late generator calls at once for all that are due: none is left out and none is put off.
 */
export async function keepSchedule(
  schedule: Schedule,
  clock: ScheduleClock,
  start: (index: number, dueMs: number) => void,
): Promise<void> {
  const beganMs = clock.nowMs();
  for (const [index, afterMs] of schedule.entries()) {
    const dueMs = beganMs + afterMs;
    while (clock.nowMs() < dueMs) await clock.wait(dueMs - clock.nowMs());
    start(index, dueMs);
  }
}

/** Timers are coarse: they may be late by this much, milliseconds. */
const TIMER_GRAIN_MS = 2;

/** Sleeps while there is time, then looks at the clock once per loop turn. */
export const preciseClock: ScheduleClock = {
  nowMs: () => performance.now(),
  wait: (delayMs) =>
    new Promise((resolve) => {
      if (delayMs > TIMER_GRAIN_MS) setTimeout(resolve, Math.floor(delayMs - TIMER_GRAIN_MS));
      else setImmediate(resolve);
    }),
};

/** What a generator did with its schedule. */
export interface Launches {
  readonly count: number;
  readonly perSecond: number;
  /** How late calls were at the 99th percentile, milliseconds. */
  readonly latenessP99Ms: number;
}

/** The rate really achieved: over the schedule's time, or longer if the last call was late. */
export function launchesOf(
  schedule: Schedule,
  durationMs: number,
  latenessMs: readonly number[],
): Launches {
  const lastMs = (schedule.at(-1) ?? 0) + (latenessMs.at(-1) ?? 0);
  const count = latenessMs.length;
  const perSecond = (count * 1000) / Math.max(durationMs, lastMs);
  return { count, perSecond, latenessP99Ms: quantileOf(latenessMs, 0.99) };
}

/** A generator that keeps less than this share of its rate was saturated: its run is void. */
export const MIN_SHARE_OF_RATE = 0.95;

/** @throws if the generator was saturated, so that what it measured says nothing */
export function assertRateKept(achieved: number, meant: number, what: string): void {
  if (achieved >= meant * MIN_SHARE_OF_RATE) return;
  throw new Error(
    `void: ${what} achieved ${achieved.toFixed(1)} per second of ${meant.toFixed(1)}; ` +
      "the load generator was saturated, run it again on a quieter machine",
  );
}
