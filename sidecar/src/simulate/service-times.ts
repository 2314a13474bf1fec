import type { Random } from "./random.ts";
import type { Latency } from "./scenario.ts";

/** What an engine has to do for one generation, and what it does meanwhile. */
export interface Work {
  readonly promptTokens: number;
  readonly uncachedTokens: number;
  /** Tokens of the line. */
  readonly tokens: number;
  /** Generations under way, this one included. */
  readonly inFlight: number;
}

/** How long an engine takes, once it begins, milliseconds. */
export interface Times {
  /** What it says of its load time: what each request costs in some versions. */
  readonly loadMs: number;
  /** What it says of its prefill. */
  readonly prefillMs: number;
  /** Until the first token is out, with both of those. */
  readonly firstMs: number;
  /** From the first token to the end. */
  readonly decodeMs: number;
}

/** How long generations take: by a formula, or as they were measured. */
export interface ServiceTimes {
  timesOf(work: Work, random: Random): Times;
}

/** `overhead + a x uncached tokens`, then a token at a time; all of it slower beside others. */
export class LatencyModel implements ServiceTimes {
  readonly #latency: Latency;

  constructor(latency: Latency) {
    this.#latency = latency;
  }

  timesOf({ uncachedTokens, tokens, inFlight }: Work, random: Random): Times {
    const { overheadMs, prefillMsPerToken, decodeTokensPerSecond, spread, contention } =
      this.#latency;
    const slowdown = 1 + contention * (inFlight - 1);
    const prefillMs = uncachedTokens * prefillMsPerToken * slowdown * random.logNormal(spread);
    const usualMs = prefillMs + overheadMs * random.logNormal(spread);
    const firstMs = usualMs + this.#straggleMs(random);
    const decodeMs = (tokens / decodeTokensPerSecond) * 1_000 * slowdown;
    return { loadMs: 0, prefillMs, firstMs, decodeMs: decodeMs * random.logNormal(spread) };
  }

  /** How much later than usual it is. Nothing is drawn where nothing straggles. */
  #straggleMs(random: Random): number {
    const { stragglerShare, stragglerMs } = this.#latency;
    return stragglerShare > 0 && random.next() < stragglerShare ? stragglerMs : 0;
  }
}
