import type { Clock } from "@banterwire/protocol";

/** However late the loop is: each may cost as much as a line. */
export const MAX_TASKS_PER_TURN = 8;

/** Returns false where nothing is left to do; must not throw. */
export type Task = () => unknown;

/**
 * Runs what can wait, in the order in which it comes: one task in a turn of the loop, and where turns
 * take long one for each millisecond of the last, so that a thousand that come at once neither hold
 * up everything else nor wait for ever. As many may wait as are handed in; those that have nothing
 * left to do take no turn.
 */
export class Turns {
  readonly #clock: Pick<Clock, "nowMs">;
  readonly #waiting: Task[] = [];
  #isArmed = false;
  #startedMs = 0;

  constructor(clock: Pick<Clock, "nowMs">) {
    this.#clock = clock;
  }

  run(task: Task): void {
    this.#waiting.push(task);
    if (this.#isArmed) return;
    this.#isArmed = true;
    this.#startedMs = this.#clock.nowMs();
    setImmediate(() => this.#turn());
  }

  #turn(): void {
    const nowMs = this.#clock.nowMs();
    let left = Math.min(MAX_TASKS_PER_TURN, Math.max(1, Math.floor(nowMs - this.#startedMs)));
    this.#startedMs = nowMs;
    while (left > 0 && this.#waiting.length > 0) if (this.#waiting.shift()?.() !== false) left--;
    this.#isArmed = this.#waiting.length > 0;
    if (this.#isArmed) setImmediate(() => this.#turn());
  }
}
