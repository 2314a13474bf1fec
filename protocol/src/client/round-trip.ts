const SMOOTHING = 1 / 8;
const VARIANCE_SMOOTHING = 1 / 4;
const DEVIATIONS = 4;

/**
 * Smoothed round-trip time with its variation, after RFC 6298: an estimate that most round trips
 * stay below.
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
    const errorMs = Math.abs(this.#smoothedMs - roundTripMs);
    this.#variationMs += VARIANCE_SMOOTHING * (errorMs - this.#variationMs);
    this.#smoothedMs += SMOOTHING * (roundTripMs - this.#smoothedMs);
  }
}
