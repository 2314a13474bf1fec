import {
  advanceStanding,
  IN_GOOD_STANDING,
  shareOf,
  type Standing,
  standingAt,
} from "./ejection.ts";
import { HEDGE_FROM } from "./hedging.ts";
import { Recent } from "./recent.ts";

/** First tokens by which the late ones are told. */
const RECENT_FIRST_TOKENS = 256;
const TRY_OUT_INTERVAL_MS = 1_000;

/** How far one endpoint of several is trusted, and what is late for it. Time is handed in. */
export class Trust {
  readonly #firstTokens = new Recent(RECENT_FIRST_TOKENS);
  #standing: Standing = IN_GOOD_STANDING;
  #triedOutMs = -Infinity;

  /** What 95 in 100 first tokens stay within, from their slot on, milliseconds. */
  get p95Ms(): number | undefined {
    return this.#firstTokens.count < HEDGE_FROM ? undefined : this.#firstTokens.quantile(0.95);
  }

  isEjected(nowMs: number): boolean {
    return standingAt(this.#standing, nowMs).name === "out";
  }

  /** The share of its characters that it gets, 0 to 1. */
  shareAt(warmSinceMs: number, nowMs: number): number {
    return shareOf(this.#standing, warmSinceMs, nowMs);
  }

  /** Whether to find out what it takes now, while its characters stay away: now and then. */
  takeTryOut(nowMs: number): boolean {
    if (nowMs - this.#triedOutMs < TRY_OUT_INTERVAL_MS) return false;
    this.#triedOutMs = nowMs;
    return true;
  }

  /** A first chunk came. */
  answered(ttftMs: number, nowMs: number): void {
    this.#firstTokens.add(ttftMs);
    this.#standing = advanceStanding(this.#standing, { name: "answer" }, nowMs);
  }

  /** A generation had no chunk for so long. */
  waited(ms: number): void {
    this.#firstTokens.add(ms);
  }

  /** A generation failed, or was too late, before its first text; says whether this has it ejected. */
  failed(isLast: boolean, nowMs: number): boolean {
    const wasOut = this.isEjected(nowMs);
    this.#standing = advanceStanding(this.#standing, { name: "failure", isLast }, nowMs);
    return !wasOut && this.isEjected(nowMs);
  }
}
