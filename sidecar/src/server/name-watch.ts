import { lookup } from "node:dns/promises";
import type { Clock } from "@banterwire/protocol";
import type { Log } from "../log.ts";
import { advanceAddresses, type KnownAddress } from "../policy/name-addresses.ts";

/** All addresses that a name stands for now; rejects where that cannot be found out. */
export type Lookup = (name: string) => Promise<readonly string[]>;

/**
 * The system's own, so that /etc/hosts counts. One machine may have an address of each family: to
 * take both would make two endpoints of one Ollama, so IPv6 is for names that have nothing else.
 */
export const systemLookup: Lookup = async (name) => {
  const all = await lookup(name, { all: true });
  const older = all.filter(({ family }) => family === 4);
  return (older.length > 0 ? older : all).map(({ address }) => address);
};

/** From one answer to the next question. The system does not tell for how long an answer holds. */
export const LOOKUP_INTERVAL_MS = 5_000;
/** Nothing serves until the first answer has come, or so much time has passed. */
const FIRST_LOOKUP_MS = 1_500;

export interface NameWatchParts {
  readonly lookup: Lookup;
  readonly clock: Clock;
  readonly log: Log;
  /** A name stands for other addresses than before. Must not throw. */
  changed(): void;
}

/** What names stand for, looked up again and again. */
export class NameWatch {
  readonly #parts: NameWatchParts;
  #names: ReadonlyMap<string, WatchedName> = new Map();
  /** The newest wish; it may still wait for an answer. */
  #next = this.#names;

  constructor(parts: NameWatchParts) {
    this.#parts = parts;
  }

  /**
   * Looks up these, with so many addresses each at most, and no others. Resolves once each has had
   * an answer, or its time; what was looked up before is known until then.
   */
  async watch(names: readonly string[], maxEach: number): Promise<void> {
    const next = new Map<string, WatchedName>();
    for (const name of names) {
      const watched = next.get(name) ?? this.#names.get(name);
      next.set(name, watched ?? new WatchedName(name, this.#parts));
    }
    this.#next = next;
    this.#names = new Map([...this.#names, ...next]);
    await Promise.all(Array.from(next.values(), (watched) => watched.allow(maxEach)));
    if (this.#next !== next) return;
    for (const [name, watched] of this.#names) if (!next.has(name)) watched.close();
    this.#names = next;
  }

  /** The oldest first; none while nobody could tell. */
  addressesOf(name: string): readonly string[] {
    return this.#names.get(name)?.addresses ?? [];
  }

  close(): void {
    for (const watched of this.#names.values()) watched.close();
    this.#names = new Map();
    this.#next = this.#names;
  }
}

class WatchedName {
  readonly #name: string;
  readonly #parts: NameWatchParts;
  #known: readonly KnownAddress[] = [];
  #max = 1;
  #first: Promise<void> | undefined;
  #isClosed = false;
  #callOff: () => void = () => {};
  /** What the log was last told is wrong. */
  #told: string | undefined;

  constructor(name: string, parts: NameWatchParts) {
    this.#name = name;
    this.#parts = parts;
  }

  get addresses(): readonly string[] {
    return this.#known.slice(0, this.#max).map(({ address }) => address);
  }

  /** Resolves with the first answer, or without it when that takes long. */
  async allow(max: number): Promise<void> {
    this.#max = max;
    this.#first ??= this.#look();
    const late = Promise.withResolvers<void>();
    const disarm = this.#parts.clock.schedule(FIRST_LOOKUP_MS, () => late.resolve());
    await Promise.race([this.#first, late.promise]);
    disarm();
  }

  close(): void {
    this.#isClosed = true;
    this.#callOff();
  }

  async #look(): Promise<void> {
    const { lookup: find, clock } = this.#parts;
    try {
      const told = await find(this.#name);
      if (this.#isClosed) return;
      this.#learn(told);
    } catch (error) {
      if (this.#isClosed) return;
      const why = error instanceof Error ? error.message : String(error);
      this.#warn({ why }, "a name cannot be looked up: what it stood for stays");
    }
    this.#callOff = clock.schedule(LOOKUP_INTERVAL_MS, () => void this.#look());
  }

  #learn(told: readonly string[]): void {
    const before = this.addresses;
    this.#known = advanceAddresses(this.#known, told, this.#max);
    const { addresses } = this;
    if (new Set(told).size > this.#max) {
      const fields = { addresses: new Set(told).size, used: this.#max };
      this.#warn(fields, "a name stands for more addresses than there may be endpoints");
    } else this.#told = undefined;
    if (addresses.join() === before.join()) return;
    this.#parts.log.info({ host: this.#name, addresses }, "what a name stands for has changed");
    this.#parts.changed();
  }

  /** Once, until something else is wrong or nothing is. */
  #warn(fields: Readonly<Record<string, unknown>>, message: string): void {
    if (this.#told === message) return;
    this.#told = message;
    this.#parts.log.warn({ host: this.#name, ...fields }, message);
  }
}
