/**
 * Bounds of protocol v1. A peer that exceeds one is answered by the error code beside it in
 * SPEC.md. Text is bounded in bytes of UTF-8, because that is what every language can count alike.
 */
export const LIMITS = {
  /** One WebSocket message, bytes. */
  MAX_FRAME_BYTES: 65_536,
  /** Nested arrays and maps inside one frame. */
  MAX_DEPTH: 8,
  /** Values of any kind inside one frame. */
  MAX_ELEMENTS: 4_096,
  /** Ids and names: world keys, characters, players, capabilities. */
  MAX_ID_BYTES: 128,
  /** A character's persona. */
  MAX_PERSONA_BYTES: 8_192,
  /** One authored line: a fallback or a closer. */
  MAX_AUTHORED_LINE_BYTES: 512,
  /** Authored fallbacks, and authored closers, of one character. */
  MAX_AUTHORED_LINES: 32,
  /** What a player said in one cue: 280 code points of four bytes. */
  MAX_SAID_BYTES: 1_120,
  /** What happened, in one cue; and each of its facts of context. */
  MAX_EVENT_BYTES: 512,
  /** Facts of context in one cue. */
  MAX_CONTEXT_FACTS: 8,
  /** Characters that one cue may name. */
  MAX_CANDIDATES: 16,
  /** Text of one delta. */
  MAX_DELTA_BYTES: 8_192,
  /** Deltas in one frame. */
  MAX_DELTAS_PER_FRAME: 256,
  /** Visible text of one line, Unicode code points. */
  MAX_LINE_CODE_POINTS: 4_096,
  /** A cue's remaining time, milliseconds. */
  MAX_REMAINING_MS: 60_000,
  /** Text for people in an error. */
  MAX_ERROR_MESSAGE_BYTES: 512,
  /** Capabilities in one handshake. */
  MAX_CAPABILITIES: 16,
} as const;
