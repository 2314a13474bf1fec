/** What placement looks at. */
export interface Placeable {
  /** Of its address and model, by `hashOf`: the same after a restart, and at every sidecar. */
  readonly id: number;
  /** The share of characters that it is due, beside the others'; 0 for none. */
  readonly weight: number;
}

/** A 32-bit hash of a text (FNV-1a). */
export function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at++) {
    hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  }
  return hash >>> 0;
}

/**
 * The endpoints in the order in which a character prefers them, by weighted rendezvous: each has a
 * score for the character that depends on nobody else, so that an endpoint which comes, goes or
 * changes its weight moves only the characters that it wins or loses.
 *
 * @param key the character's, by `hashOf`
 */
export function rank<E extends Placeable>(key: number, endpoints: readonly E[]): E[] {
  return endpoints
    .map((endpoint) => ({ endpoint, score: scoreOf(key, endpoint) }))
    .sort((a, b) => b.score - a.score || a.endpoint.id - b.endpoint.id)
    .map(({ endpoint }) => endpoint);
}

function scoreOf(key: number, { id, weight }: Placeable): number {
  if (weight <= 0) return 0;
  const uniform = (mix(key ^ mix(id)) + 0.5) / 2 ** 32;
  return -weight / Math.log(uniform);
}

/** Every bit of the input moves every bit of the output (the end of MurmurHash3). */
function mix(value: number): number {
  let hash = value;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
