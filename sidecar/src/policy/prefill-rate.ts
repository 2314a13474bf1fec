const PRIOR_MS_PER_TOKEN = 0.3;
/** How much the prior weighs: as much as one prompt of ten tokens more than the mean. */
const PRIOR_WEIGHT = 100;
const MAX_MS_PER_TOKEN = 100;
/** What is known fades: of the weight of one observation, so much is left at the next. */
const FORGETTING = 0.98;
/** One observation says at most so much more, or less, than what was expected of it. */
const MAX_SURPRISE = { share: 1, ms: 20 };

/**
 * What a token of prompt costs when the engine has it not in its cache: the slope of prefill time
 * over uncached tokens, by least squares that forget. One observation that is far off, such as of a
 * prompt that was cached after all, moves it little.
 */
export class PrefillRate {
  #weight = 0;
  #meanTokens = 0;
  #meanMs = 0;
  /** Weighted squares about the means. */
  #tokensSquared = 0;
  #tokensByMs = 0;

  /** Milliseconds for each uncached token. */
  get msPerToken(): number {
    const slope =
      (this.#tokensByMs + PRIOR_WEIGHT * PRIOR_MS_PER_TOKEN) / (this.#tokensSquared + PRIOR_WEIGHT);
    return Math.min(MAX_MS_PER_TOKEN, Math.max(0, slope));
  }

  learn(tokens: number, prefillMs: number): void {
    if (!(tokens >= 0) || !(prefillMs >= 0) || !Number.isFinite(tokens + prefillMs)) return;
    const ms = this.#believable(tokens, prefillMs);
    this.#weight = this.#weight * FORGETTING + 1;
    const tokensOff = tokens - this.#meanTokens;
    this.#meanTokens += tokensOff / this.#weight;
    const msOff = ms - this.#meanMs;
    this.#meanMs += msOff / this.#weight;
    const tokensOffNow = tokens - this.#meanTokens;
    this.#tokensSquared = this.#tokensSquared * FORGETTING + tokensOff * tokensOffNow;
    this.#tokensByMs = this.#tokensByMs * FORGETTING + msOff * tokensOffNow;
  }

  #believable(tokens: number, prefillMs: number): number {
    if (this.#weight === 0) return prefillMs;
    const expectedMs = Math.max(0, this.#meanMs + this.msPerToken * (tokens - this.#meanTokens));
    const most = MAX_SURPRISE.share * expectedMs + MAX_SURPRISE.ms;
    return Math.min(expectedMs + most, Math.max(expectedMs - most, prefillMs));
  }
}
