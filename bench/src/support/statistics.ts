import type { Figure } from "../bench.ts";

export interface Interval {
  readonly value: number;
  readonly low: number;
  readonly high: number;
}

const RESAMPLES = 400;
/** Of the resamples, this share lies outside the interval at each end. */
const TAIL = 0.025;

/** @param quantile from 0 to 1; between two samples it interpolates. NaN of none, or with a NaN. */
export function quantileOf(samples: readonly number[], quantile: number): number {
  const sorted = Float64Array.from(samples).sort();
  // NaN sorts last.
  if (Number.isNaN(sorted.at(-1))) return NaN;
  const at = (sorted.length - 1) * quantile;
  const below = sorted[Math.floor(at)] ?? NaN;
  const above = sorted[Math.ceil(at)] ?? NaN;
  return below + (above - below) * (at - Math.floor(at));
}

/** Per round one value of each peer, taken side by side. */
export type Paired = readonly (readonly number[])[];

/**
 * A statistic of paired rounds and its 95% bootstrap interval. Whole rounds are drawn, with all
 * peers in them: a slow spell of the machine hits a round, not a sample.
 *
 * @param series per peer, a value for each round; all of one length
 * @param statistic is given, per peer, the values of the drawn rounds
 */
export function bootstrap(
  series: Paired,
  statistic: (...drawn: number[][]) => number,
  random: () => number,
): Interval {
  const rounds = series[0]?.length ?? 0;
  if (rounds === 0 || series.some((one) => one.length !== rounds)) {
    throw new Error("a bootstrap needs the same rounds, at least one, of every series");
  }
  const estimates = Array.from({ length: RESAMPLES }, () => {
    const drawn = Array.from({ length: rounds }, () => Math.floor(random() * rounds));
    return statistic(...series.map((one) => drawn.map((index) => one[index] ?? NaN)));
  });
  return {
    value: statistic(...series.map((one) => [...one])),
    low: quantileOf(estimates, TAIL),
    high: quantileOf(estimates, 1 - TAIL),
  };
}

export function medianOf(samples: readonly number[]): number {
  return quantileOf(samples, 0.5);
}

/** What a peer adds to the direct way: the median of the rounds' differences. */
export function added(direct: readonly number[], peer: readonly number[]): number {
  return medianOf(peer.map((value, round) => value - (direct[round] ?? NaN)));
}

/**
 * What `one` adds to the direct way, as a multiple of what `other` adds. NaN, which meets no goal,
 * where the noise of the machine was greater than what `other` adds.
 */
export function addedRatio(
  direct: readonly number[],
  one: readonly number[],
  other: readonly number[],
): number {
  const unit = added(direct, other);
  return unit > 0 ? added(direct, one) / unit : NaN;
}

/** The median of the rounds' ratios, with its interval. */
export function ratioOfRounds(
  one: readonly number[],
  other: readonly number[],
  random: () => number,
): Interval {
  return bootstrap([one, other], medianRatio, random);
}

function medianRatio(one: readonly number[], other: readonly number[]): number {
  return medianOf(one.map((value, round) => value / (other[round] ?? NaN)));
}

/** One quantile of two peers, of all their rounds together, and what one is to the other. */
export interface PooledQuantile {
  readonly one: Interval;
  readonly other: Interval;
  readonly ratio: Interval;
}

/**
 * A quantile of all rounds together, which are drawn whole: of the few dozen samples of one round
 * the 99th percentile is the slowest, which tells of the machine.
 *
 * @param one per round its samples; as many rounds as of the other
 */
export function pooledQuantile(
  one: readonly (readonly number[])[],
  other: readonly (readonly number[])[],
  quantile: number,
  random: () => number,
): PooledQuantile {
  const indices = [one.map((_, round) => round)];
  const pooled = (rounds: readonly (readonly number[])[]) => (drawn: number[]) =>
    quantileOf(
      drawn.flatMap((round) => rounds[round] ?? []),
      quantile,
    );
  const [ofOne, ofOther] = [pooled(one), pooled(other)];
  return {
    one: bootstrap(indices, ofOne, random),
    other: bootstrap(indices, ofOther, random),
    ratio: bootstrap(indices, (drawn) => ofOne(drawn) / ofOther(drawn), random),
  };
}

export type Point = readonly [x: number, y: number];

/**
 * The median of the slopes between all pairs of points (Theil and Sen): a step does not move it. A
 * pair at one place has none, such as a point that was drawn twice.
 */
export function slopeOf(points: readonly Point[]): number {
  return medianOf(
    points.flatMap(([x, y], index) =>
      points
        .slice(index + 1)
        .filter(([laterX]) => laterX !== x)
        .map(([laterX, laterY]) => (laterY - y) / (laterX - x)),
    ),
  );
}

/** The slope and its 95% bootstrap interval: what grows has one whose low end is above 0. */
export function slopeInterval(points: readonly Point[], random: () => number): Interval {
  const indices = points.map((_, index) => index);
  return bootstrap([indices], (drawn) => slopeOf(drawn.map((index) => points[index]!)), random);
}

/** A figure whose low and high are an interval's bounds. */
export function figureOfInterval({ value, low, high }: Interval, unit: string): Figure {
  return { value, unit, low, high };
}
