import type { HitRates } from "@banterwire/protocol/client";

export interface Quantiles {
  readonly p50: number | null;
  readonly p95: number | null;
  readonly p99: number | null;
}

export interface Rates {
  readonly modelHitRate: number | null;
  readonly anyHitRate: number | null;
}

/** Both, always; null where there were no cues. */
export function ratesOf({ cues, modelHits, anyHits }: HitRates): Rates {
  return {
    modelHitRate: cues === 0 ? null : modelHits / cues,
    anyHitRate: cues === 0 ? null : anyHits / cues,
  };
}

/** The nearest ranks. */
export function quantilesOf(values: readonly number[]): Quantiles {
  const sorted = Float64Array.from(values).sort();
  const at = (q: number): number | null =>
    sorted[Math.min(sorted.length - 1, Math.ceil(q * sorted.length) - 1)] ?? null;
  return { p50: at(0.5), p95: at(0.95), p99: at(0.99) };
}

/** (sum of x)^2 / (n x sum of x^2): 1 where all are equal, 1/n where one has everything. */
export function jainOf(values: readonly number[]): number | null {
  const sum = values.reduce((total, value) => total + value, 0);
  const squares = values.reduce((total, value) => total + value * value, 0);
  return squares === 0 ? null : (sum * sum) / (values.length * squares);
}
