/** The latest values of something, and how they spread. Holds a bounded number: the oldest go. */
export class Recent {
  readonly #max: number;
  readonly #values: number[] = [];
  /** Kept in order as values come and go: it is asked for several times a cue. */
  readonly #sorted: number[] = [];
  #next = 0;

  constructor(max: number) {
    this.#max = max;
  }

  get count(): number {
    return this.#values.length;
  }

  add(value: number): void {
    const oldest = this.#values[this.#next];
    if (oldest !== undefined) this.#sorted.splice(firstAbove(this.#sorted, oldest) - 1, 1);
    this.#sorted.splice(firstAbove(this.#sorted, value), 0, value);
    this.#values[this.#next] = value;
    this.#next = (this.#next + 1) % this.#max;
  }

  /** Forgets all but so many of the latest. */
  keep(count: number): void {
    const inOrder = [...this.#values.slice(this.#next), ...this.#values.slice(0, this.#next)];
    this.#values.length = 0;
    this.#sorted.length = 0;
    this.#next = 0;
    if (count > 0) for (const value of inOrder.slice(-count)) this.add(value);
  }

  /**
   * The value that a share `q` of them, 0 to 1, does not exceed; undefined while there is none.
   * @param above only those greater than this count
   */
  quantile(q: number, above = -Infinity): number | undefined {
    const from = firstAbove(this.#sorted, above);
    const last = this.#sorted.length - 1;
    if (from > last) return undefined;
    return this.#sorted[from + Math.round(q * (last - from))];
  }
}

function firstAbove(sorted: readonly number[], bound: number): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((sorted[middle] ?? Infinity) > bound) high = middle;
    else low = middle + 1;
  }
  return low;
}
