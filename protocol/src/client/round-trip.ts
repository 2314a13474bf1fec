/** How far the estimate follows a slower round trip, and how far a quicker one. */
const SMOOTHING = { slower: 1 / 8, quicker: 1 / 2 } as const;
const VARIATION_SMOOTHING = { more: 1 / 4, less: 1 / 2 } as const;
const DEVIATIONS = 2;

/**
 * Smoothed round-trip time with its variation, after RFC 6298, but quicker to come down: what is
 * allowed for the way is taken from the model, and a slow answer tells of a busy start rather than
 * of the way. To allow too little costs nothing, for the client speaks its own fallback in time.
 */
export class RoundTrip {
  #smoothedMs: number | undefined;
  #variationMs = 0;

  /** What to allow for one round trip, milliseconds; 0 before the first sample. */
  get estimateMs(): number {
    if (this.#smoothedMs === undefined) return 0;
    return this.#smoothedMs + DEVIATIONS * this.#variationMs;
  }

  sample(roundTripMs: number): void {
    if (this.#smoothedMs === undefined) {
      this.#smoothedMs = roundTripMs;
      this.#variationMs = roundTripMs / 2;
      return;
    }
    const errorMs = roundTripMs - this.#smoothedMs;
    const changeMs = Math.abs(errorMs) - this.#variationMs;
    this.#variationMs += VARIATION_SMOOTHING[changeMs > 0 ? "more" : "less"] * changeMs;
    this.#smoothedMs += SMOOTHING[errorMs > 0 ? "slower" : "quicker"] * errorMs;
  }
}
