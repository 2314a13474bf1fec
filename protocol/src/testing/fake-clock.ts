import type { Clock } from "../clock.ts";

interface Timer {
  readonly dueMs: number;
  readonly callback: () => void;
}

/** Time that moves only when a test moves it. */
export class FakeClock implements Clock {
  #nowMs: number;
  /** In the order in which they were scheduled. */
  #timers: Timer[] = [];

  constructor(startMs = 0) {
    this.#nowMs = startMs;
  }

  nowMs(): number {
    return this.#nowMs;
  }

  schedule(delayMs: number, callback: () => void): () => void {
    const timer = { dueMs: this.#nowMs + Math.max(0, delayMs), callback };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer);
    };
  }

  check(): void {
    this.turn();
  }

  /** Timers that have not fired. */
  get pending(): number {
    return this.#timers.length;
  }

  /** When the next timer falls due; undefined while there is none. */
  get nextDueMs(): number | undefined {
    return this.#earliest()?.dueMs;
  }

  /** Moves time on; timers that fall due fire at their own moment, those due together in order. */
  advance(byMs: number): void {
    const untilMs = this.#nowMs + byMs;
    for (;;) {
      const next = this.#earliest();
      if (!next || next.dueMs > untilMs) break;
      this.#nowMs = Math.max(this.#nowMs, next.dueMs);
      this.#fire(next);
    }
    this.#nowMs = untilMs;
  }

  /** Moves time on as a blocked event loop does: nothing fires meanwhile. */
  block(forMs: number): void {
    this.#nowMs += forMs;
  }

  /** One turn of the event loop's timers: fires what is due now, not what that schedules. */
  turn(): void {
    const due = this.#timers.filter((timer) => timer.dueMs <= this.#nowMs);
    for (const timer of due.sort((one, other) => one.dueMs - other.dueMs)) {
      if (this.#timers.includes(timer)) this.#fire(timer);
    }
  }

  #earliest(): Timer | undefined {
    let earliest: Timer | undefined;
    for (const timer of this.#timers) {
      if (!earliest || timer.dueMs < earliest.dueMs) earliest = timer;
    }
    return earliest;
  }

  #fire(timer: Timer): void {
    this.#timers = this.#timers.filter((other) => other !== timer);
    timer.callback();
  }
}
