/** What one piece of model text turns into: `visible` may go out now; after `stopped` nothing follows. */
export interface Filtered {
  readonly visible: string;
  readonly stopped: boolean;
}

/**
 * Ends a stream of text before the stop string that is first complete in it, as an engine does that
 * looks after each character: where the text is cut into pieces makes no difference.
 * Only a suffix that could still become a stop string is held back, so the delay is bounded by the longest of them.
 */
export class StopStrings {
  readonly #stops: readonly string[];
  #held = "";

  constructor(stops: readonly string[]) {
    this.#stops = stops.filter((stop) => stop !== "");
  }

  push(text: string): Filtered {
    const seen = this.#held + text;
    const cut = this.#firstStop(seen);
    if (cut >= 0) {
      this.#held = "";
      return { visible: seen.slice(0, cut), stopped: true };
    }
    const held = this.#longestPossibleStart(seen);
    this.#held = seen.slice(seen.length - held);
    return { visible: seen.slice(0, seen.length - held), stopped: false };
  }

  /** The text still held when the model ends by itself: it was no stop string after all. */
  flush(): string {
    const held = this.#held;
    this.#held = "";
    return held;
  }

  #firstStop(text: string): number {
    let first = { at: -1, end: Infinity };
    for (const stop of this.#stops) {
      const at = text.indexOf(stop);
      const end = at + stop.length;
      if (at >= 0 && (end < first.end || (end === first.end && at < first.at))) first = { at, end };
    }
    return first.at;
  }

  #longestPossibleStart(text: string): number {
    const longest = Math.max(0, ...this.#stops.map((stop) => stop.length - 1));
    for (let length = Math.min(longest, text.length); length > 0; length--) {
      const suffix = text.slice(text.length - length);
      if (this.#stops.some((stop) => stop.startsWith(suffix))) return length;
    }
    return 0;
  }
}
