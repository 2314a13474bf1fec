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
  /** Characters that one cue or one scene may name. */
  MAX_CANDIDATES: 16,
  /** Text of one delta. */
  MAX_DELTA_BYTES: 8_192,
  /** Deltas in one frame. */
  MAX_DELTAS_PER_FRAME: 256,
  /** Visible text of one line, Unicode code points. */
  MAX_LINE_CODE_POINTS: 4_096,
  /** A cue's budget, and so its remaining time, milliseconds. */
  MAX_BUDGET_MS: 60_000,
  /** Lines of one scene. */
  MAX_SCENE_LINES: 64,
  /** Scenes under way in one room. */
  MAX_SCENES_PER_ROOM: 4,
  /** Arguments of one action. */
  MAX_ACTION_ARGUMENTS: 16,
  /** One argument of an action, if it is text. */
  MAX_ACTION_ARGUMENT_BYTES: 512,
  /** Lines in one resume; more follow in another. */
  MAX_LINES_PER_RESUME: 1_024,
  /** A session's name, random bytes. */
  SESSION_BYTES: 16,
  /** Greatest attention of a candidate. */
  MAX_ATTENTION: 255,
  /** Text for people in an error. */
  MAX_ERROR_MESSAGE_BYTES: 512,
  /** Capabilities in one handshake. */
  MAX_CAPABILITIES: 16,
} as const;
