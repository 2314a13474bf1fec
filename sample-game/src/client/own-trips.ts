/** Lines remembered while it is not known yet whose words they answer. */
const MAX_REMEMBERED = 32;

/**
 * How long a player waits, from Enter to the first word in the page. Which line answers is told by
 * the server, before or after the line's first text.
 */
export class OwnTrips {
  readonly #firstTextMs = new Map<number, number>();
  readonly #spokenMs = new Map<number, number>();
  readonly #done: (elapsedMs: number) => void;

  constructor(done: (elapsedMs: number) => void) {
    this.#done = done;
  }

  /** Text of a line has come; its first counts. */
  began(line: number, nowMs: number): void {
    const spokenMs = this.#spokenMs.get(line);
    if (spokenMs === undefined) {
      if (!this.#firstTextMs.has(line)) remember(this.#firstTextMs, line, nowMs);
      return;
    }
    this.#spokenMs.delete(line);
    this.#done(nowMs - spokenMs);
  }

  /** The line answers what the player said then. */
  answers(line: number, spokenMs: number): void {
    const firstTextMs = this.#firstTextMs.get(line);
    if (firstTextMs === undefined) return remember(this.#spokenMs, line, spokenMs);
    this.#firstTextMs.delete(line);
    this.#done(firstTextMs - spokenMs);
  }
}

function remember(times: Map<number, number>, line: number, timeMs: number): void {
  times.set(line, timeMs);
  for (const oldest of times.keys()) {
    if (times.size <= MAX_REMEMBERED) return;
    times.delete(oldest);
  }
}
