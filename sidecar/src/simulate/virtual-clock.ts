import { DeadlineHeap } from "@banterwire/protocol";

/** Time that jumps from one event to the next. Those of one moment come in the order of scheduling. */
export class VirtualClock {
  readonly #deadlines = new DeadlineHeap();
  #nowMs: number;

  constructor(startMs: number) {
    this.#nowMs = startMs;
  }

  get nowMs(): number {
    return this.#nowMs;
  }

  /** Calls once at that moment, or now if it has passed; the function returned calls it off. */
  at(dueMs: number, callback: () => void): () => void {
    const deadline = this.#deadlines.add(Math.max(this.#nowMs, dueMs), callback);
    return () => this.#deadlines.remove(deadline);
  }

  after(delayMs: number, callback: () => void): () => void {
    return this.at(this.#nowMs + delayMs, callback);
  }

  /** Runs until nothing is due up to that moment. */
  runUntil(untilMs: number): void {
    for (;;) {
      const deadline = this.#deadlines.takeDue(untilMs);
      if (!deadline) break;
      this.#nowMs = deadline.dueMs;
      deadline.callback();
    }
    this.#nowMs = untilMs;
  }
}
