/**
 * What an endpoint has of one character's prompt prefix.
 * `cold`: nothing yet. `warming`: a prompt that begins with it is being read. `warm`: it is cached.
 * `evicted`: it was, and another prompt took its place. `refused`: the engine will not have it.
 */
const PREFIX_STATES = ["cold", "warming", "warm", "evicted", "refused"] as const;
export type PrefixState = (typeof PREFIX_STATES)[number];

export type PrefixEvent =
  /** A prompt that begins with it was sent. */
  | "sent"
  /** Such a prompt was read to its end. */
  | "read"
  /** Such a prompt was given up before that. */
  | "dropped"
  | "evicted"
  | "refused"
  /** The engine has forgotten everything. */
  | "forgotten";

export function advancePrefix(state: PrefixState, event: PrefixEvent): PrefixState {
  switch (event) {
    case "sent":
      return state === "cold" || state === "evicted" ? "warming" : state;
    case "read":
      return "warm";
    case "dropped":
      return state === "warming" ? "cold" : state;
    case "evicted":
      return state === "warm" ? "evicted" : state;
    case "refused":
      return "refused";
    case "forgotten":
      return "cold";
  }
}

export type PrefixCounts = Readonly<Record<PrefixState, number>>;

/** Prefixes known at once; characters beyond that are answered, and never warmed beforehand. */
export const MAX_PREFIXES = 16_384;
/** A prefix that loses its place again and again, unused, is not worth its slot. */
const MAX_WARM_UPS = 2;
/** Prefixes that are asked about at once, at most: each look is one at all slots. */
const MAX_LOOKS = 16;

/** The prefixes that would lose their place if a prompt that begins with this one were sent. */
export type WouldEvict = (prefix: string) => readonly string[];

interface Known {
  users: number;
  state: PrefixState;
  /** Since it was last used or forgotten. */
  warmUps: number;
}

/** The characters' prefixes at one endpoint: which are warm, and which is to be warmed next. */
export class Warmth {
  /** By prefix, the one that was used last at the end. */
  readonly #known = new Map<string, Known>();
  #chars = 0;

  /** Counts of prefixes in each state. */
  get counts(): PrefixCounts {
    const counts = { cold: 0, warming: 0, warm: 0, evicted: 0, refused: 0 };
    for (const { state } of this.#known.values()) counts[state]++;
    return counts;
  }

  /** Mean length of a prefix, characters. */
  get meanChars(): number {
    return this.#known.size === 0 ? 0 : this.#chars / this.#known.size;
  }

  stateOf(prefix: string): PrefixState | undefined {
    return this.#known.get(prefix)?.state;
  }

  /** A character with this prefix is in a room. Say so once for each; `drop` takes it back. */
  keep(prefix: string): void {
    const known = this.#known.get(prefix);
    if (known) known.users++;
    else if (this.#known.size < MAX_PREFIXES) {
      this.#known.set(prefix, { users: 1, state: "cold", warmUps: 0 });
      this.#chars += prefix.length;
    }
  }

  drop(prefix: string): void {
    const known = this.#known.get(prefix);
    if (!known || --known.users > 0) return;
    this.#known.delete(prefix);
    this.#chars -= prefix.length;
  }

  happened(prefix: string, event: PrefixEvent): void {
    const known = this.#known.get(prefix);
    if (known) known.state = advancePrefix(known.state, event);
  }

  /** A character was asked for a line: its prefix is worth more than those of the others. */
  used(prefix: string): void {
    const known = this.#known.get(prefix);
    if (!known) return;
    known.warmUps = 0;
    this.#known.delete(prefix);
    this.#known.set(prefix, known);
  }

  /**
   * The prefix to warm next, if any: of those used last, as many as the engine has room for, and
   * none that would drive out one that was used after it. Counts as a warm-up of it.
   */
  next(capacity: number, wouldEvict: WouldEvict): string | undefined {
    const candidate = this.#candidate(capacity, wouldEvict);
    const known = candidate === undefined ? undefined : this.#known.get(candidate);
    if (known) known.warmUps++;
    return candidate;
  }

  /** Whether `next` would name one. */
  isWanting(capacity: number, wouldEvict: WouldEvict): boolean {
    return this.#candidate(capacity, wouldEvict) !== undefined;
  }

  forgetAll(): void {
    for (const known of this.#known.values()) {
      known.state = advancePrefix(known.state, "forgotten");
      known.warmUps = 0;
    }
  }

  #candidate(capacity: number, wouldEvict: WouldEvict): string | undefined {
    const later = new Set<string>();
    let looks = 0;
    for (const [prefix, { state, warmUps }] of [...this.#known].toReversed()) {
      if (later.size >= capacity || looks >= MAX_LOOKS) return undefined;
      const isCold = state === "cold" || state === "evicted";
      if (isCold && warmUps < MAX_WARM_UPS) {
        looks++;
        // One that has lost its place takes none back: where not all have room, that never ends.
        const precious = state === "evicted" ? this.#known : later;
        if (!wouldEvict(prefix).some((evicted) => precious.has(evicted))) return prefix;
      }
      later.add(prefix);
    }
    return undefined;
  }
}
