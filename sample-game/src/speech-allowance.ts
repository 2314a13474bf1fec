/** How often one player may speak: a few lines at once, then one every so often. */
const MAX_SAVED = 4;
const EARN_ONE_MS = 1_200;

/** What a player may still say; earned back with time. */
export class SpeechAllowance {
  #saved = MAX_SAVED;
  #countedMs: number;

  constructor(nowMs: number) {
    this.#countedMs = nowMs;
  }

  /** Takes one turn to speak; false where none is left. */
  take(nowMs: number): boolean {
    const earned = (nowMs - this.#countedMs) / EARN_ONE_MS;
    this.#saved = Math.min(MAX_SAVED, this.#saved + earned);
    this.#countedMs = nowMs;
    if (this.#saved < 1) return false;
    this.#saved -= 1;
    return true;
  }
}
