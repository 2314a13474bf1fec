/**
 * Optional parts of protocol v1. A peer sends the messages of a part only if `welcome` names it,
 * and that names only what `hello` offered.
 *
 * `resume`: a lost connection's lines go on in the next one. `scenes`: characters talk among
 * themselves. `actions`: lines carry proposals for the game.
 */
export const CAPABILITIES = ["resume", "scenes", "actions"] as const;

/** A capability that this version knows; others are ignored. */
export type Capability = (typeof CAPABILITIES)[number];
