import { isLikelyWithin, type Offer } from "./spill-over.ts";

/** Second requests for each first one, at most. */
export const MAX_HEDGE_SHARE = 0.05;
/** Saved up at most: a burst of stragglers is no reason to double the load. */
export const MAX_SAVED_HEDGES = 10;
/** Where first tokens come like clockwork, most of them come at what 95 in 100 stay within. */
const BEYOND_USUAL = 1.25;
/** Before so many were seen, nobody knows what is late. */
export const HEDGE_FROM = 10;

/** Counts first requests, and allows a bounded share of second ones: never more than they earned. */
export class HedgeAllowance {
  #saved = 0;

  /** A first request was sent. */
  earn(): void {
    this.#saved = Math.min(MAX_SAVED_HEDGES, this.#saved + MAX_HEDGE_SHARE);
  }

  /** Takes one, or says that there is none. */
  take(): boolean {
    // The sum of twenty twentieths is a little less than one.
    if (this.#saved < 1 - 1e-9) return false;
    this.#saved = Math.max(0, this.#saved - 1);
    return true;
  }
}

export interface HedgeTimes {
  readonly askedMs: number;
  readonly deadlineMs: number;
  /** What was to be expected of the first request when it was sent. */
  readonly usualMs: number;
  /** What 95 in 100 first tokens of its endpoint stay within; undefined while that is not known. */
  readonly p95Ms: number | undefined;
  /** What the other endpoint is likely to take for this character. */
  readonly backupMs: number;
}

/**
 * When a second request makes sense: once the first is late, or the last moment has come for
 * another. Undefined if that moment comes before the first is due: then each cue would want one.
 */
export function hedgeAtMs(times: HedgeTimes): number | undefined {
  const { askedMs, deadlineMs, usualMs, p95Ms = Infinity, backupMs } = times;
  const lastMs = deadlineMs - backupMs;
  const atMs = Math.min(askedMs + p95Ms * BEYOND_USUAL, lastMs);
  return lastMs < askedMs + usualMs || atMs === Infinity ? undefined : atMs;
}

/** The best of those that have a free slot and are likely to make it in what is left. */
export function chooseBackup<O extends Offer>(offers: readonly O[], leftMs: number): O | undefined {
  let best: O | undefined;
  for (const offer of offers) {
    if (offer.waitMs > 0 || !isLikelyWithin(leftMs, offer)) continue;
    if (!best || offer.likelyMs < best.likelyMs) best = offer;
  }
  return best;
}
