import { type Priority, PRIORITIES } from "@banterwire/protocol";
import { hashOf, rank } from "./placement.ts";
import type { Trust } from "./trust.ts";

/** One endpoint of several, as far as it matters for who is to answer a cue. */
export interface Candidate {
  /** Of its address and model, by `hashOf`. */
  readonly id: number;
  readonly spec: {
    readonly slots: number;
    /** The priorities that it is for; others stand in where those cannot. */
    readonly serves: readonly Priority[];
    /** The characters that it is for; all that no other endpoint is for if there are none. */
    readonly characters: readonly string[];
  };
  readonly isAvailable: boolean;
  /** Since when it is warm without a break; never where it is not. */
  readonly warmSinceMs: number;
  readonly trust: Trust;
}

export interface Speaker {
  readonly character: string;
  readonly priority: Priority;
  /** Of the stable start of its prompts, by `hashOf`. */
  readonly key: number;
}

/** Where a prefix is kept warm: at home, and where its character goes if it has to leave. */
const KEPT_AT = 2;

/** Its weight among those who may answer now; 0 if it may not. */
export function weightOf(candidate: Candidate, nowMs: number): number {
  const { isAvailable, spec, trust, warmSinceMs } = candidate;
  return isAvailable ? spec.slots * trust.shareAt(warmSinceMs, nowMs) : 0;
}

/** Whether nobody but this one could answer. */
export function isLast<C extends Candidate>(one: C, all: readonly C[], nowMs: number): boolean {
  return !all.some((other) => other !== one && weightOf(other, nowMs) > 0);
}

/** Who may answer a cue, as its character prefers them. */
export function candidatesFor<C extends Candidate>(
  { character, priority, key }: Speaker,
  all: readonly C[],
  nowMs: number,
): C[] {
  const able = all.filter((one) => weightOf(one, nowMs) > 0);
  // Better one that has been ejected than none.
  const rest = able.length > 0 ? able : all.filter(({ isAvailable }) => isAvailable);
  return ranked(key, meantFor(rest, priority, character), nowMs);
}

/** All of them, as a character prefers them now. @param key of the start of its prompts */
function ranked<C extends Candidate>(key: number, all: readonly C[], nowMs: number): C[] {
  return rankedBy(key, all, (one) => weightOf(one, nowMs));
}

/**
 * Where a character's prefix is to be warm, whoever may answer at the moment.
 * @param prefixAt the start of its prompts, as one of them is to have it
 */
export function homesOf<C extends Candidate>(
  character: string,
  prefixAt: (one: C) => string,
  all: readonly C[],
): ReadonlySet<C> {
  if (all.length <= 1) return new Set(all);
  return new Set(
    PRIORITIES.flatMap((priority) => {
      const pool = meantFor(all, priority, character);
      const [first] = pool;
      if (!first) return [];
      const key = hashOf(prefixAt(first));
      return rankedBy(key, pool, ({ spec }) => spec.slots).slice(0, KEPT_AT);
    }),
  );
}

function rankedBy<C extends Candidate>(
  key: number,
  all: readonly C[],
  weightOfOne: (one: C) => number,
): C[] {
  const weighed = all.map((one) => ({ one, id: one.id, weight: weightOfOne(one) }));
  return rank(key, weighed).map(({ one }) => one);
}

/**
 * Those that are for such a cue: for its priority, and named for its character before those that
 * are for anybody. Where there are none, the same without the priority; all of them at last.
 */
function meantFor<C extends Candidate>(
  all: readonly C[],
  priority: Priority,
  character: string,
): readonly C[] {
  const serving = all.filter(({ spec }) => spec.serves.includes(priority));
  const pools = [
    serving.filter(({ spec }) => spec.characters.includes(character)),
    serving.filter(({ spec }) => spec.characters.length === 0),
    all.filter(({ spec }) => spec.characters.includes(character)),
    all.filter(({ spec }) => spec.characters.length === 0),
  ];
  return pools.find(({ length }) => length > 0) ?? all;
}
