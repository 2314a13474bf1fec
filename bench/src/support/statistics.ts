import type { Figure } from "../bench.ts";

/** The samples of one round. Resampling keeps rounds apart: a slow spell hits whole rounds. */
export type Round = readonly number[];

export interface Interval {
  readonly value: number;
  readonly low: number;
  readonly high: number;
}

const RESAMPLES = 400;
/** Of the resamples, this share lies outside the interval at each end. */
const TAIL = 0.025;

/** @param quantile from 0 to 1; between two samples it interpolates. NaN of none. */
export function quantileOf(samples: readonly number[], quantile: number): number {
  return quantileOfSorted(Float64Array.from(samples).sort(), quantile);
}

function quantileOfSorted(sorted: Float64Array, quantile: number): number {
  const at = (sorted.length - 1) * quantile;
  const below = sorted[Math.floor(at)] ?? NaN;
  const above = sorted[Math.ceil(at)] ?? NaN;
  return below + (above - below) * (at - Math.floor(at));
}

/**
 * A statistic of several series and its 95% bootstrap interval. Rounds are interleaved, so round i
 * of every series is drawn together; samples inside a drawn round are resampled in each series.
 *
 * @param series one list of rounds per peer, all of one length
 * @param statistic is given, per peer, the samples in ascending order
 */
export function bootstrap(
  series: readonly (readonly Round[])[],
  statistic: (...sorted: Float64Array[]) => number,
  random: () => number,
): Interval {
  const rounds = series[0]?.length ?? 0;
  if (rounds === 0 || series.some((one) => one.length !== rounds)) {
    throw new Error("a bootstrap needs the same rounds, at least one, of every series");
  }
  const all = series.map((one) => Float64Array.from(one.flat()).sort());
  const estimates = Array.from({ length: RESAMPLES }, () => {
    const drawn = Array.from({ length: rounds }, () => Math.floor(random() * rounds));
    return statistic(...series.map((one) => resample(one, drawn, random)));
  }).filter((estimate) => !Number.isNaN(estimate));
  return {
    value: statistic(...all),
    low: quantileOf(estimates, TAIL),
    high: quantileOf(estimates, 1 - TAIL),
  };
}

function resample(
  rounds: readonly Round[],
  drawn: readonly number[],
  random: () => number,
): Float64Array {
  const samples: number[] = [];
  for (const index of drawn) {
    const round = rounds[index] ?? [];
    for (let count = 0; count < round.length; count++) {
      samples.push(round[Math.floor(random() * round.length)] ?? NaN);
    }
  }
  return Float64Array.from(samples).sort();
}

/** A quantile as a statistic for `bootstrap`. */
export function quantile(at: number): (sorted: Float64Array) => number {
  return (sorted) => quantileOfSorted(sorted, at);
}

/** How much a peer adds to a quantile of the direct way. */
export function added(at: number): (direct: Float64Array, peer: Float64Array) => number {
  return (direct, peer) => quantileOfSorted(peer, at) - quantileOfSorted(direct, at);
}

/** What `one` adds to a quantile of the direct way, as a multiple of what `other` adds. */
export function addedRatio(
  at: number,
): (direct: Float64Array, one: Float64Array, other: Float64Array) => number {
  return (direct, one, other) => added(at)(direct, one) / added(at)(direct, other);
}

/** The rounds' ratios: their median, and what bootstrapping the median gives. */
export function ratioOfRounds(
  one: readonly number[],
  other: readonly number[],
  random: () => number,
): Interval {
  const ratios = one.map((value, index) => value / (other[index] ?? NaN));
  const medians = Array.from({ length: RESAMPLES }, () =>
    quantileOf(
      ratios.map(() => ratios[Math.floor(random() * ratios.length)] ?? NaN),
      0.5,
    ),
  );
  return {
    value: quantileOf(ratios, 0.5),
    low: quantileOf(medians, TAIL),
    high: quantileOf(medians, 1 - TAIL),
  };
}

/** A figure whose low and high are an interval's bounds. */
export function figureOfInterval({ value, low, high }: Interval, unit: string): Figure {
  return { value, unit, low, high };
}
