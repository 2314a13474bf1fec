import { type Deadline, DeadlineHeap } from "./deadline-heap.ts";

/** Monotonic time and timers, handed in so that tests and simulations can hold them still. */
export interface Clock {
  /** Milliseconds since an arbitrary moment; never goes back. */
  nowMs(): number;
  /** Calls `callback` once, never early; the function returned calls it off. */
  schedule(delayMs: number, callback: () => void): () => void;
  /**
   * Fires what is due now. For the start of an I/O callback that may come many times in a turn, such
   * as for a peer's messages or a model's text: on a busy loop a native timer waits for all of them.
   * Not for a client: there text that waits in a socket is to go before the deadline that it is for.
   */
  check(): void;
}

/** The longest delay that a native timer takes, milliseconds. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/** Is told what a callback has thrown; the others have theirs all the same. */
export type OnFault = (error: unknown) => void;

/** One native timer for any number of deadlines. Nothing that a callback throws leaves it. */
export class DeadlineClock implements Clock {
  readonly #onFault: OnFault;
  readonly #deadlines = new DeadlineHeap();
  #timer: NodeJS.Timeout | undefined;
  /** When the native timer fires. */
  #timerDueMs = Infinity;

  constructor(onFault: OnFault) {
    this.#onFault = onFault;
  }

  nowMs(): number {
    return performance.now();
  }

  schedule(delayMs: number, callback: () => void): () => void {
    let isOff = false;
    const deadline = this.#deadlines.add(this.nowMs() + Math.max(0, delayMs), () => {
      // One that is due together with this one may have called it off.
      if (!isOff) callback();
    });
    this.#arm();
    return () => {
      isOff = true;
      this.#deadlines.remove(deadline);
      if (this.#deadlines.size === 0) this.#disarm();
    };
  }

  check(): void {
    const nowMs = this.nowMs();
    // What a callback schedules for now waits for the next turn: text in a socket goes first.
    const due: Deadline[] = [];
    for (let next = this.#take(nowMs); next; next = this.#take(nowMs)) due.push(next);
    if (due.length === 0) return;
    for (const { callback } of due) this.#fire(callback);
    this.#arm();
  }

  #fire(callback: () => void): void {
    try {
      callback();
    } catch (error) {
      this.#tell(error);
    }
  }

  #tell(error: unknown): void {
    try {
      this.#onFault(error);
    } catch {
      // Nobody is left to tell.
    }
  }

  #take(nowMs: number): Deadline | undefined {
    return this.#deadlines.takeDue(nowMs);
  }

  #arm(): void {
    const dueMs = this.#deadlines.nextDueMs;
    if (dueMs === undefined) return this.#disarm();
    if (dueMs >= this.#timerDueMs) return;
    this.#disarm();
    this.#timerDueMs = dueMs;
    const delayMs = Math.ceil(Math.max(0, dueMs - this.nowMs()));
    this.#timer = setTimeout(() => this.#onTimer(), Math.min(delayMs, MAX_TIMER_MS));
  }

  /** A native timer may be up to a millisecond early: then nothing is due, and it is set again. */
  #onTimer(): void {
    this.#disarm();
    this.check();
    this.#arm();
  }

  #disarm(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#timerDueMs = Infinity;
  }
}

/** The process's clock, for whoever has nobody to tell of faults: they are warnings of the process. */
export const systemClock: Clock = new DeadlineClock((error) =>
  process.emitWarning(error instanceof Error ? error : String(error)),
);
