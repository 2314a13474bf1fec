/**
 * The wire's version. The major number is part of the WebSocket subprotocol's name and breaks;
 * the minor number is negotiated in `hello` and `welcome` and only adds.
 */
export const SUBPROTOCOL = "banterwire.v1";

/** One minor version: what it added, and the fingerprint of all that is on the wire since. */
export interface Version {
  readonly minor: number;
  readonly adds: string;
  readonly wireHash: string;
}

/**
 * Every minor version, oldest first. A change of messages, limits or codes changes the fingerprint:
 * once a version is released, such a change is a new line here, not a new hash.
 */
export const HISTORY: readonly [Version, ...Version[]] = [
  { minor: 0, adds: "the protocol", wireHash: "c4a0ebf9e2177da5" },
];

/** The newest minor version this code speaks. Both peers then speak the lower of their two. */
export const PROTOCOL_MINOR = 0;

/** The oldest minor version this code speaks. */
export const OLDEST_MINOR = 0;
