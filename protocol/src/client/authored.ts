/** Deals authored lines in a shuffled order, so that none is heard twice in a row. */
export class AuthoredLines {
  readonly #lines: readonly string[];
  readonly #random: () => number;
  #rest: string[] = [];
  #last: string | undefined;

  constructor(lines: readonly string[], random: () => number = Math.random) {
    // A line authored twice could otherwise follow itself.
    this.#lines = [...new Set(lines)];
    this.#random = random;
  }

  /** The next line, or undefined where none was authored. */
  next(): string | undefined {
    if (this.#rest.length === 0) this.#rest = [...this.#lines];
    const choices = this.#rest.length > 1 ? this.#rest.filter((l) => l !== this.#last) : this.#rest;
    const line = choices[Math.floor(this.#random() * choices.length)];
    if (line !== undefined) this.#rest.splice(this.#rest.indexOf(line), 1);
    this.#last = line;
    return line;
  }
}
