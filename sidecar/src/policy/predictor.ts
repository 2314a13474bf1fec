import { PrefillRate } from "./prefill-rate.ts";
import { Recent } from "./recent.ts";
import { TokenRatio } from "./token-ratio.ts";

/** From dispatch to the first chunk, milliseconds. */
export interface Prediction {
  /** What is beaten by one in four. More left than this is a chance worth taking. */
  readonly lowMs: number;
  /** What four in five stay within. */
  readonly likelyMs: number;
  /** What hardly any exceeds; Infinity while too little was seen. */
  readonly highMs: number;
}

/** What a generation told of itself when it was over. Times in milliseconds. */
export interface Observation {
  /** Characters of its prompt, and those of them that the ledger held for uncached. */
  readonly chars: number;
  readonly uncachedChars: number;
  /** From dispatch to the first chunk. */
  readonly ttftMs: number;
  /** From the first chunk to the end; undefined if it was cut short. */
  readonly decodeMs?: number | undefined;
  /** By the engine's own figures; undefined if it was cut short. */
  readonly engine?:
    | { readonly promptTokens: number; readonly prefillMs: number; readonly loadMs: number }
    | undefined;
}

/** So many of the latest first tokens are looked at: few enough to follow an engine that changes. */
const RECENT_FIRST_TOKENS = 16;
const RECENT_LINES = 64;
/** Before so many were seen, what is known counts for less, down to nothing. */
const TRUSTED_FROM = 4;
const QUANTILES = { low: 0.25, likely: 0.8, high: 1 } as const;
/** What was seen is as good as new for so long; after that, doubt grows. */
const FRESH_MS = 2_000;
const DOUBT_MS = 5_000;
/** A load time above this is a load; below it is what each request costs in the older Ollamas. */
const MIN_LOAD_MS = 500;
/** An answer that is sooner than what one in four beats by this, and by more than it took, refutes that. */
const REFUTED_BY_MS = 20;
const PRIOR_DECODE_MS = 500;

/**
 * How long an endpoint takes to the first token of a prompt: a x uncached tokens + b, where a is
 * learnt from the engine's own prefill times, b and its spread are what the latest first tokens
 * took beyond that. Honest about what it has not seen: with few or old observations `lowMs` goes
 * to 0, so that a cue now and then finds out. Time is handed in.
 */
export class Predictor {
  readonly #ratio = new TokenRatio();
  readonly #rate = new PrefillRate();
  readonly #overheads = new Recent(RECENT_FIRST_TOKENS);
  readonly #decodes = new Recent(RECENT_LINES);
  #loadMs = 0;
  #triedMs = -Infinity;

  get msPerToken(): number {
    return this.#rate.msPerToken;
  }

  get charsPerToken(): number {
    return this.#ratio.charsPerToken;
  }

  /** What a first token costs beside its prefill, milliseconds; undefined before any was seen. */
  get overheadMs(): number | undefined {
    return this.#overheads.quantile(0.5);
  }

  /** First tokens that the prediction rests on. */
  get observations(): number {
    return this.#overheads.count;
  }

  /** What bringing the model into memory took last, milliseconds; 0 while none was seen. */
  get loadMs(): number {
    return this.#loadMs;
  }

  predict(uncachedChars: number, nowMs: number): Prediction {
    const prefillMs = this.prefillMs(uncachedChars);
    const at = (q: number, unknown: number): number =>
      Math.max(0, prefillMs + (this.#overheads.quantile(q) ?? unknown));
    const isKnown = this.observations >= TRUSTED_FROM;
    return {
      lowMs: at(QUANTILES.low, 0) * this.#trust(nowMs),
      likelyMs: at(QUANTILES.likely, 0),
      highMs: isKnown ? at(QUANTILES.high, 0) : Infinity,
    };
  }

  /** What reading so much of a prompt takes. */
  prefillMs(uncachedChars: number): number {
    return this.#ratio.tokensIn(uncachedChars) * this.#rate.msPerToken;
  }

  /**
   * How many uncached tokens are likely to be read and answered within the time; never negative.
   * Infinity while too little was seen: one slow answer is no reason to take a prompt's facts away.
   */
  tokensWithin(leftMs: number): number {
    const overheadMs = this.#overheads.quantile(QUANTILES.likely);
    if (overheadMs === undefined || this.observations < TRUSTED_FROM) return Infinity;
    if (this.#rate.msPerToken === 0) return Infinity;
    return Math.max(0, Math.floor((leftMs - overheadMs) / this.#rate.msPerToken));
  }

  /** How many characters of prompt that is. */
  charsWithin(leftMs: number): number {
    return this.tokensWithin(leftMs) * this.#ratio.charsPerToken;
  }

  /**
   * What is left of a line that has been streaming for so long, milliseconds.
   * @param q the share of lines that are over by then
   */
  decodeLeftMs(streamedMs: number, q: number): number {
    if (this.#decodes.count === 0) return Math.max(0, PRIOR_DECODE_MS * q - streamedMs);
    const wholeMs = this.#decodes.quantile(q, streamedMs);
    // Longer than any that was seen: it may end now, and is likely to go on for as long again.
    return wholeMs === undefined ? streamedMs * Number(q > 0.5) : wholeMs - streamedMs;
  }

  /** A request is on its way: its answer is worth waiting for before anybody else finds out. */
  tried(nowMs: number): void {
    this.#triedMs = nowMs;
  }

  learn(seen: Observation, nowMs: number): void {
    const { chars, uncachedChars, ttftMs, decodeMs, engine } = seen;
    this.#triedMs = nowMs;
    if (engine) this.#ratio.learn(chars, engine.promptTokens);
    const uncachedTokens = this.#ratio.tokensIn(uncachedChars);
    if (engine) this.#rate.learn(uncachedTokens, engine.prefillMs);
    if (decodeMs !== undefined) this.#decodes.add(decodeMs);
    const loadMs = engine && engine.loadMs >= MIN_LOAD_MS ? engine.loadMs : 0;
    if (loadMs > 0) this.#loadMs = loadMs;
    this.#learnOverhead(ttftMs - loadMs - uncachedTokens * this.#rate.msPerToken);
  }

  /** One was given up after so long without a chunk: it would have taken longer. */
  learnAtLeast(uncachedChars: number, waitedMs: number, nowMs: number): void {
    this.#triedMs = nowMs;
    // One that was given up early says nothing.
    if (waitedMs < this.predict(uncachedChars, nowMs).likelyMs) return;
    this.#overheads.add(waitedMs - this.#ratio.tokensIn(uncachedChars) * this.#rate.msPerToken);
  }

  /**
   * After a stall, in which many were late at once, only one now and then is sent to find out: what
   * those few say must not wait until there are as many of them.
   */
  #learnOverhead(overheadMs: number): void {
    const lowMs = this.#overheads.quantile(QUANTILES.low) ?? 0;
    const soonerByMs = lowMs - Math.max(0, overheadMs);
    if (soonerByMs > Math.max(REFUTED_BY_MS, overheadMs)) {
      this.#overheads.keep(this.#overheads.count >> 1);
    }
    this.#overheads.add(overheadMs);
  }

  /** How far what was seen may be relied on to rule a cue out, 0 to 1. */
  #trust(nowMs: number): number {
    const seen = Math.min(1, this.observations / TRUSTED_FROM);
    const ageMs = Math.max(0, nowMs - this.#triedMs - FRESH_MS);
    return seen * Math.exp(-ageMs / DOUBT_MS);
  }
}
