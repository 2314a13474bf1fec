import type { Clock } from "@banterwire/protocol";

/** The longest rest: what took long may also have been the machine, which was elsewhere. */
const MAX_REST_MS = 100;
/** However late the loop is: each may cost as much as a line. */
export const MAX_TASKS_PER_TURN = 8;

/** Returns false where nothing is left to do; must not throw. */
export type Task = () => boolean;

export interface TurnsParts {
  readonly clock: Pick<Clock, "nowMs" | "schedule">;
  /** Of the loop's time, while lines are open; 1 is all of it. */
  readonly share: number;
  /** What may be saved up of it while nothing waits, milliseconds. */
  readonly maxCreditMs: number;
  /** How many of those that are not to run first count as one task, being little; 1 by default. */
  readonly littlesPerTask?: number;
  /** Whether somebody has a line open that what waits here would hold up. */
  hasOpenLines(): boolean;
}

/**
 * Runs what can wait, in the order in which it comes: one task in a turn of the loop, and where turns
 * take long one for each millisecond of it, so that a thousand that come at once neither hold up
 * everything else nor wait for ever. While lines are open all of them together have a share of the
 * loop's time, and rest when it is spent. As many may wait as are handed in; those that have nothing
 * left to do take no turn.
 */
export class Turns {
  readonly #parts: TurnsParts;
  readonly #first: Task[] = [];
  readonly #waiting: Task[] = [];
  #isArmed = false;
  #armedMs = 0;
  /** Time that may be spent at once; below 0 what was spent too much, and is rested for. */
  #creditMs: number;
  #countedMs = 0;

  constructor(parts: TurnsParts) {
    this.#parts = parts;
    this.#creditMs = parts.maxCreditMs;
  }

  run(task: Task): void {
    this.#waiting.push(task);
    if (!this.#isArmed) this.#begin();
  }

  /** Before all that only `run` was asked for: what ends something begun, or frees what it holds. */
  runFirst(task: Task): void {
    this.#first.push(task);
    if (!this.#isArmed) this.#begin();
  }

  #begin(): void {
    this.#count(this.#parts.clock.nowMs(), 0);
    this.#armOrRest();
  }

  /** Also for the one that comes alone: where none waits for long, all of them could come so. */
  #armOrRest(): void {
    this.#isArmed = true;
    if (this.#creditMs > 0) return this.#arm();
    this.#parts.clock.schedule(-this.#creditMs / this.#parts.share, () => this.#arm());
  }

  #arm(): void {
    this.#armedMs = this.#parts.clock.nowMs();
    // What tasks leave to the end of their turn has run between the two: it counts as theirs.
    setImmediate(() => this.#turn());
    setImmediate(() => this.#goOn());
  }

  #turn(): void {
    const { clock, littlesPerTask = 1 } = this.#parts;
    const startedMs = clock.nowMs();
    this.#count(startedMs, 0);
    const tasks = Math.min(MAX_TASKS_PER_TURN, Math.max(1, Math.floor(startedMs - this.#armedMs)));
    let left = tasks * littlesPerTask;
    while (left > 0) {
      const first = this.#first.shift();
      const task = first ?? this.#waiting.shift();
      if (!task) return;
      if (!task()) continue;
      left -= first ? littlesPerTask : 1;
      if (clock.nowMs() - startedMs > this.#creditMs) return;
    }
  }

  #goOn(): void {
    const nowMs = this.#parts.clock.nowMs();
    this.#count(nowMs, nowMs - this.#countedMs);
    this.#isArmed = this.#first.length + this.#waiting.length > 0;
    if (this.#isArmed) this.#armOrRest();
  }

  #count(nowMs: number, spentMs: number): void {
    const { share, maxCreditMs } = this.#parts;
    const creditMs = this.#creditMs + (nowMs - this.#countedMs) * share - spentMs;
    // Where nobody has a line open it is nobody's time.
    this.#creditMs = this.#parts.hasOpenLines()
      ? Math.max(-MAX_REST_MS * share, Math.min(maxCreditMs, creditMs))
      : maxCreditMs;
    this.#countedMs = nowMs;
  }
}
