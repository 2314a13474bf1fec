/** One address that a name stands for. */
export interface KnownAddress {
  readonly address: string;
  /** Answers in a row that it was missing from. */
  readonly misses: number;
}

/** A server of names may tell only some of many addresses, another choice each time. */
export const MISSES_TO_LET_GO = 3;

/**
 * What a name stands for after one more answer: new addresses at once, the others in the order in
 * which they came; one that is missing from several answers in a row goes. An answer without any
 * says nothing. Past `max` those that came last are left out.
 */
export function advanceAddresses(
  known: readonly KnownAddress[],
  told: readonly string[],
  max: number,
): readonly KnownAddress[] {
  if (told.length === 0) return known.slice(0, max);
  const kept = known
    .map(({ address, misses }) => ({ address, misses: told.includes(address) ? 0 : misses + 1 }))
    .filter(({ misses }) => misses < MISSES_TO_LET_GO);
  // Sorted: answers come in any order, and each sidecar is to choose the same ones.
  const fresh = [...new Set(told)]
    .filter((address) => !kept.some((one) => one.address === address))
    .toSorted()
    .map((address) => ({ address, misses: 0 }));
  return [...kept, ...fresh].slice(0, max);
}
