const PERIOD_MS = 5;
/** A native timer counts whole milliseconds. */
const USUAL_LATE_MS = 1;
/** Samples kept: 20 s of them; older ones are dropped. */
const MAX_SAMPLES = 4_096;

/** How late this process's event loop fires bare timers: the noise under everything measured here. */
export class BareTimers {
  readonly #samples: { readonly firedMs: number; readonly lateMs: number }[] = [];
  #dueMs = 0;
  #timer: NodeJS.Timeout | undefined;

  start(): void {
    this.#dueMs = performance.now() + PERIOD_MS;
    this.#timer = setTimeout(() => this.#fire(), PERIOD_MS);
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  /** The latest that one was since then, milliseconds; one that is due and has not fired counts. */
  worstMsSince(sinceMs: number): number {
    const pendingMs = performance.now() - this.#dueMs;
    const lates = this.#samples.filter(({ firedMs }) => firedMs >= sinceMs);
    return Math.max(0, pendingMs, ...lates.map(({ lateMs }) => lateMs));
  }

  /**
   * For how long in all the loop kept timers waiting between the two, milliseconds: nothing that
   * passed through it meanwhile was delayed by more.
   */
  totalMsBetween(fromMs: number, toMs: number): number {
    const lates = this.#samples.filter(({ firedMs }) => firedMs >= fromMs && firedMs <= toMs);
    return lates.reduce((sum, { lateMs }) => sum + Math.max(0, lateMs - USUAL_LATE_MS), 0);
  }

  #fire(): void {
    const firedMs = performance.now();
    this.#samples.push({ firedMs, lateMs: firedMs - this.#dueMs });
    if (this.#samples.length > MAX_SAMPLES) this.#samples.shift();
    this.start();
  }
}
