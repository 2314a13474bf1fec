const PRIOR_MS_PER_TOKEN = 0.3;
const PRIOR_VARIANCE = { slope: 1, start: 100 };
const MAX_MS_PER_TOKEN = 100;
/** What is known fades: of the weight of one observation, so much is left at the next. */
const FORGETTING = 0.98;
/** One observation says at most so much more, or less, than what was expected of it. */
const MAX_SURPRISE = { share: 1, ms: 20 };

/**
 * What a token of prompt costs when the engine has it not in its cache: recursive least squares of
 * prefill time over uncached tokens, with a start of its own. One observation that is far off,
 * such as of a prompt that was cached after all, moves it little.
 */
export class PrefillRate {
  #slope = PRIOR_MS_PER_TOKEN;
  #start = 0;
  #slopeVariance = PRIOR_VARIANCE.slope;
  #startVariance = PRIOR_VARIANCE.start;
  #covariance = 0;

  /** Milliseconds for each uncached token. */
  get msPerToken(): number {
    return this.#slope;
  }

  learn(tokens: number, prefillMs: number): void {
    if (!(tokens >= 0) || !(prefillMs >= 0) || !Number.isFinite(tokens + prefillMs)) return;
    const slopeGain = this.#slopeVariance * tokens + this.#covariance;
    const startGain = this.#covariance * tokens + this.#startVariance;
    const weight = FORGETTING + slopeGain * tokens + startGain;
    const expected = this.#slope * tokens + this.#start;
    const bound = MAX_SURPRISE.share * expected + MAX_SURPRISE.ms;
    const surprise = clamp(prefillMs - expected, -bound, bound);
    this.#slope = clamp(this.#slope + (slopeGain / weight) * surprise, 0, MAX_MS_PER_TOKEN);
    this.#start = Math.max(0, this.#start + (startGain / weight) * surprise);
    this.#slopeVariance = this.#fade(this.#slopeVariance - (slopeGain * slopeGain) / weight);
    this.#startVariance = this.#fade(this.#startVariance - (startGain * startGain) / weight);
    this.#covariance = (this.#covariance - (slopeGain * startGain) / weight) / FORGETTING;
    this.#bound();
  }

  #fade(variance: number): number {
    return Math.max(0, variance) / FORGETTING;
  }

  /** Prompts that are all of one length say nothing of the slope: doubt must not grow for ever. */
  #bound(): void {
    const { slope, start } = PRIOR_VARIANCE;
    this.#slopeVariance = Math.min(slope, this.#slopeVariance);
    this.#startVariance = Math.min(start, this.#startVariance);
    const most = Math.sqrt(this.#slopeVariance * this.#startVariance);
    this.#covariance = clamp(this.#covariance, -most, most);
  }
}

function clamp(value: number, low: number, high: number): number {
  return Math.min(high, Math.max(low, value));
}
