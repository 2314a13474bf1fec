/**
 * How fast one peer's frames are read. A burst of one second's worth is free; what goes beyond it
 * has been read already, and is waited for. Time is handed in.
 */
export class FramePace {
  readonly #framesPerSecond: number;
  #left: number;
  #filledMs: number;

  constructor(framesPerSecond: number, nowMs: number) {
    this.#framesPerSecond = framesPerSecond;
    this.#left = framesPerSecond;
    this.#filledMs = nowMs;
  }

  /** Counts frames that were read; returns for how long to read no more, milliseconds. */
  pauseMs(frames: number, nowMs: number): number {
    const gained = ((nowMs - this.#filledMs) / 1_000) * this.#framesPerSecond;
    this.#left = Math.min(this.#framesPerSecond, this.#left + gained) - frames;
    this.#filledMs = nowMs;
    return Math.max(0, (-this.#left / this.#framesPerSecond) * 1_000);
  }
}
