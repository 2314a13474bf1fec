/** The latest values of something, and how they spread. Holds a bounded number: the oldest go. */
export class Recent {
  readonly #max: number;
  readonly #values: number[] = [];
  #sorted: readonly number[] | undefined;
  #next = 0;

  constructor(max: number) {
    this.#max = max;
  }

  get count(): number {
    return this.#values.length;
  }

  add(value: number): void {
    this.#values[this.#next] = value;
    this.#next = (this.#next + 1) % this.#max;
    this.#sorted = undefined;
  }

  /**
   * The value that a share `q` of them, 0 to 1, does not exceed; undefined while there is none.
   * @param above only those greater than this count
   */
  quantile(q: number, above = -Infinity): number | undefined {
    this.#sorted ??= this.#values.toSorted((a, b) => a - b);
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
