const WINDOW_MS = 1_000;

interface Window {
  startedMs: number;
  written: number;
  suppressed: number;
}

/** What becomes of one log line. `held-first`: the first of its second to be held back. */
export type Verdict = "write" | "held-first" | "held";

/**
 * Bounds the log under flood: so many lines of a kind in a second, the rest is counted. The kinds
 * are the code's own names, never a peer's words, so that the table stays small. Time is handed in.
 */
export class LogLimit {
  readonly #perSecond: number;
  readonly #windows = new Map<string, Window>();
  #suppressed = 0;

  constructor(perSecond: number) {
    this.#perSecond = perSecond;
  }

  /** Lines held back since start. */
  get suppressed(): number {
    return this.#suppressed;
  }

  judge(kind: string, nowMs: number): Verdict {
    const window = this.#windowOf(kind, nowMs);
    if (window.written < this.#perSecond) {
      window.written++;
      return "write";
    }
    window.suppressed++;
    this.#suppressed++;
    return window.suppressed === 1 ? "held-first" : "held";
  }

  /** Until the kind's second is over, milliseconds. */
  restMs(kind: string, nowMs: number): number {
    const window = this.#windows.get(kind);
    return window ? Math.max(0, window.startedMs + WINDOW_MS - nowMs) : 0;
  }

  /** Ends the kind's second: how many of its lines were held back. */
  settle(kind: string): number {
    const suppressed = this.#windows.get(kind)?.suppressed ?? 0;
    this.#windows.delete(kind);
    return suppressed;
  }

  #windowOf(kind: string, nowMs: number): Window {
    const known = this.#windows.get(kind);
    // One that holds lines back lasts until it is settled: each of them shows up in a summary.
    if (known && (known.suppressed > 0 || nowMs < known.startedMs + WINDOW_MS)) return known;
    const window = { startedMs: nowMs, written: 0, suppressed: 0 };
    this.#windows.set(kind, window);
    return window;
  }
}
