/** What an endpoint could do for one cue, milliseconds. */
export interface Offer {
  /** Until there is a slot for it. */
  readonly waitMs: number;
  /** Of the part of its prompt that is not cached there; in `likelyMs` and `lowMs` already. */
  readonly prefillMs: number;
  /** From the slot to the first token: what four in five stay within, and what one in four beats. */
  readonly likelyMs: number;
  readonly lowMs: number;
}

/** Less than that is within what a prediction may be off. */
const MIN_GAIN_MS = 20;

/** What a cue has to reckon with. */
export function expectedMs({ waitMs, likelyMs }: Offer): number {
  return waitMs + likelyMs;
}

export function isLikelyWithin(leftMs: number, offer: Offer): boolean {
  return expectedMs(offer) <= leftMs;
}

export function isPossibleWithin(leftMs: number, { waitMs, lowMs }: Offer): boolean {
  return waitMs + lowMs <= leftMs;
}

/**
 * Who is to answer a cue. It stays with the first, where its prefix is, unless that one is not
 * likely to make it and another one is; or unless the time gained elsewhere is more than what the
 * cold prefix costs there, for that prefill is taken from others too.
 *
 * @param offers in the order in which the character prefers them
 */
export function chooseOffer<O extends Offer>(offers: readonly O[], leftMs: number): O | undefined {
  const [home] = offers;
  if (!home) return undefined;
  const inTime = offers.filter((offer) => isLikelyWithin(leftMs, offer));
  let chosen = inTime[0] ?? home;
  const stay = chosen;
  for (const offer of inTime) {
    const gainMs = expectedMs(stay) - expectedMs(offer);
    const coldMs = Math.max(0, offer.prefillMs - stay.prefillMs);
    const pays = gainMs > coldMs + MIN_GAIN_MS;
    if (pays && expectedMs(offer) < expectedMs(chosen)) chosen = offer;
  }
  return chosen;
}
