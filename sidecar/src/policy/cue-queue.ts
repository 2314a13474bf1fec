import { type Priority, PRIORITIES } from "@banterwire/protocol";

export interface Queued {
  readonly priority: Priority;
  readonly deadlineMs: number;
}

/** Those who wait: by priority, and in each the earliest deadline first, then the first to come. */
export class CueQueue<Entry extends Queued> {
  readonly #classes = new Map<Priority, Entry[]>(PRIORITIES.map((priority) => [priority, []]));
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** The first to be served comes first. */
  *[Symbol.iterator](): Generator<Entry> {
    for (const priority of PRIORITIES) yield* this.of(priority);
  }

  of(priority: Priority): readonly Entry[] {
    return this.#classes.get(priority) ?? [];
  }

  add(entry: Entry): void {
    this.#classes.get(entry.priority)?.splice(this.#placeOf(entry), 0, entry);
    this.#size++;
  }

  remove(entry: Entry): void {
    const entries = this.#classes.get(entry.priority);
    const at = entries?.indexOf(entry) ?? -1;
    if (at === -1) return;
    entries?.splice(at, 1);
    this.#size--;
  }

  /** Those who would be served before one that came now, by priority and deadline. */
  *ahead(entry: Queued): Generator<Entry> {
    for (const priority of PRIORITIES) {
      if (priority === entry.priority) break;
      yield* this.of(priority);
    }
    yield* this.of(entry.priority).slice(0, this.#placeOf(entry));
  }

  /** Who would be served last. */
  get last(): Entry | undefined {
    for (const priority of PRIORITIES.toReversed()) {
      const last = this.of(priority).at(-1);
      if (last) return last;
    }
    return undefined;
  }

  #placeOf({ priority, deadlineMs }: Queued): number {
    const entries = this.of(priority);
    let low = 0;
    let high = entries.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((entries[middle]?.deadlineMs ?? Infinity) > deadlineMs) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}
