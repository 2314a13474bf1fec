/** One callback that is due at a moment. */
export interface Deadline {
  readonly dueMs: number;
  /** Counts up, so that those due together come in the order in which they were added. */
  readonly order: number;
  readonly callback: () => void;
  /** Its place in the heap; -1 once it is out. */
  index: number;
}

/** Deadlines, earliest first; each goes in and out in logarithmic time. Pure: time is handed in. */
export class DeadlineHeap {
  readonly #heap: Deadline[] = [];
  #added = 0;

  get size(): number {
    return this.#heap.length;
  }

  /** When the earliest is due; undefined while there is none. */
  get nextDueMs(): number | undefined {
    return this.#heap[0]?.dueMs;
  }

  add(dueMs: number, callback: () => void): Deadline {
    const deadline = { dueMs, order: this.#added++, callback, index: this.#heap.length };
    this.#heap.push(deadline);
    this.#rise(deadline);
    return deadline;
  }

  /** Takes a deadline out; nothing happens if it is out. */
  remove(deadline: Deadline): void {
    const { index } = deadline;
    if (index === -1) return;
    deadline.index = -1;
    const last = this.#heap.pop();
    if (!last || last === deadline) return;
    this.#put(last, index);
    this.#rise(last);
    this.#sink(last);
  }

  /** Takes out the earliest deadline if it is due. */
  takeDue(nowMs: number): Deadline | undefined {
    const first = this.#heap[0];
    if (!first || first.dueMs > nowMs) return undefined;
    this.remove(first);
    return first;
  }

  #rise(deadline: Deadline): void {
    for (;;) {
      const parentIndex = (deadline.index - 1) >> 1;
      const parent = this.#heap[parentIndex];
      if (deadline.index === 0 || !parent || isBefore(parent, deadline)) return;
      this.#put(parent, deadline.index);
      this.#put(deadline, parentIndex);
    }
  }

  #sink(deadline: Deadline): void {
    for (;;) {
      const leftIndex = 2 * deadline.index + 1;
      const left = this.#heap[leftIndex];
      const right = this.#heap[leftIndex + 1];
      const child = right && left && isBefore(right, left) ? right : left;
      if (!child || isBefore(deadline, child)) return;
      const childIndex = child.index;
      this.#put(child, deadline.index);
      this.#put(deadline, childIndex);
    }
  }

  #put(deadline: Deadline, index: number): void {
    this.#heap[index] = deadline;
    deadline.index = index;
  }
}

function isBefore(one: Deadline, other: Deadline): boolean {
  return one.dueMs < other.dueMs || (one.dueMs === other.dueMs && one.order < other.order);
}
