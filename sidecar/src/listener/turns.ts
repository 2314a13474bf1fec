/**
 * Runs tasks in the order in which they come, a few of them in one turn of the loop, so that a
 * thousand that come at once do not hold up everything else. As many may wait as are handed in.
 */
export class Turns {
  readonly #perTurn: number;
  readonly #waiting: (() => void)[] = [];
  #left: number;
  #isArmed = false;

  constructor(perTurn: number) {
    this.#perTurn = perTurn;
    this.#left = perTurn;
  }

  /** @param task must not throw */
  run(task: () => void): void {
    this.#waiting.push(task);
    this.#runSome();
  }

  #runSome(): void {
    if (!this.#isArmed) {
      this.#isArmed = true;
      setImmediate(() => this.#nextTurn());
    }
    while (this.#left > 0 && this.#waiting.length > 0) {
      this.#left--;
      this.#waiting.shift()?.();
    }
  }

  #nextTurn(): void {
    this.#left = this.#perTurn;
    this.#isArmed = false;
    if (this.#waiting.length > 0) this.#runSome();
  }
}
