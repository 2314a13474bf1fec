/**
 * The wire's version. The major number is part of the WebSocket subprotocol's name and breaks;
 * the minor number is negotiated in `hello` and `welcome` and only adds.
 */
export const SUBPROTOCOL = "banterwire.v1";

/** The newest minor version this code speaks. Both peers then speak the lower of their two. */
export const PROTOCOL_MINOR = 0;
