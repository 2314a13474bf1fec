import { LIMITS } from "./limits.ts";

/** What an error means for the connection and for the one who reads it. */
export interface CodeEntry {
  /** What was wrong. */
  readonly cause: string;
  /** What the reader does about it. */
  readonly remedy: string;
  /** Whether the same message may succeed later without a change. */
  readonly retry: boolean;
  /** WebSocket close code that follows; absent where the connection stays open. */
  readonly closeCode?: number;
}

/** Every error code of protocol v1. A code that is not in this table is never sent. */
export const CODES = {
  frame_too_large: {
    cause: "A WebSocket message is longer than MAX_FRAME_BYTES.",
    remedy: "Send smaller messages; shorten personas and texts.",
    retry: false,
    closeCode: 1009,
  },
  frame_not_binary: {
    cause: "A WebSocket message was of text, not of bytes.",
    remedy: "Send MessagePack in binary WebSocket messages.",
    retry: false,
    closeCode: 1003,
  },
  malformed: {
    cause: "The bytes are not one MessagePack array that starts with a message type.",
    remedy: "Send exactly one array in each WebSocket message, nothing after it.",
    retry: false,
    closeCode: 4400,
  },
  forbidden_type: {
    cause: "The bytes hold an extension type or another value outside the closed grammar.",
    remedy: "Use nil, booleans, numbers, strings, byte strings, arrays and string-keyed maps only.",
    retry: false,
    closeCode: 4400,
  },
  too_deep: {
    cause: "Arrays or maps nest deeper than MAX_DEPTH.",
    remedy: "Flatten the message; none of the protocol's own nests that deep.",
    retry: false,
    closeCode: 4400,
  },
  too_many_elements: {
    cause: "The frame holds more values than MAX_ELEMENTS.",
    remedy: "Send smaller messages.",
    retry: false,
    closeCode: 4400,
  },
  bad_utf8: {
    cause: "A string is not valid UTF-8.",
    remedy: "Encode strings as UTF-8; never cut one inside a code point.",
    retry: false,
    closeCode: 4400,
  },
  bad_map: {
    cause: "A map has a key twice, a key that is no string, or the key __proto__.",
    remedy: "Send maps with unique string keys.",
    retry: false,
    closeCode: 4400,
  },
  integer_out_of_range: {
    cause: "A 64-bit integer lies outside -2^53 to 2^53 - 1.",
    remedy: "No field of the protocol needs more than 32 bits.",
    retry: false,
    closeCode: 4400,
  },
  unknown_type: {
    cause: "The message type is not known to this peer.",
    remedy: "Send only types of the negotiated version; the connection stays open.",
    retry: false,
  },
  bad_field: {
    cause: "A field is missing, of the wrong type or out of its range.",
    remedy: "The error's text names the message, the field and what is allowed.",
    retry: false,
  },
  text_too_long: {
    cause: "A text field is longer than its bound in bytes of UTF-8.",
    remedy: "Shorten it; SPEC.md lists each bound.",
    retry: false,
  },
  unexpected_message: {
    cause: "The message may not be sent in this state, such as a cue before hello.",
    remedy: "Follow the connection's state table.",
    retry: false,
    closeCode: 4401,
  },
  unsupported: {
    cause: "The message belongs to an optional part that this peer does not have.",
    remedy: "Send it only where welcome names its capability.",
    retry: false,
  },
  version_unsupported: {
    cause: "The client's minor version is older than the oldest that the sidecar speaks.",
    remedy: "Update the client.",
    retry: false,
    closeCode: 4406,
  },
  session_taken: {
    cause: "A newer connection went on with this connection's session.",
    remedy: "None: the newer connection has the lines.",
    retry: false,
    closeCode: 4410,
  },
  handshake_timeout: {
    cause: "No hello came within the time to handshake.",
    remedy: "Send hello as soon as the WebSocket is open.",
    retry: true,
    closeCode: 4408,
  },
  fragment_timeout: {
    cause: "A WebSocket message was begun and not finished in time.",
    remedy: "Send each message whole; reconnect.",
    retry: true,
    closeCode: 4408,
  },
  heartbeat_timeout: {
    cause: "Nothing was received for two heartbeat intervals.",
    remedy: "Answer pings; reconnect.",
    retry: true,
    closeCode: 4408,
  },
  slow_consumer: {
    cause: "The peer read so slowly that more was waiting for it than the bound allows.",
    remedy: "Read without pause; reconnect.",
    retry: true,
    closeCode: 4409,
  },
  unauthorized: {
    cause: "The token is missing or wrong. Answered with HTTP 401 at the upgrade.",
    remedy: "Send `Authorization: Bearer TOKEN` with the sidecar's token.",
    retry: false,
  },
  origin_refused: {
    cause: "The upgrade carried an Origin header. Answered with HTTP 403 at the upgrade.",
    remedy: "Connect from a game server, not from a browser page.",
    retry: false,
  },
  subprotocol_missing: {
    cause: "The upgrade did not offer this subprotocol. Answered with HTTP 400 at the upgrade.",
    remedy: "Offer the WebSocket subprotocol that SPEC.md names.",
    retry: false,
  },
  too_many_connections: {
    cause:
      "The sidecar holds as many connections as it may. Answered with HTTP 503 at the upgrade.",
    remedy:
      "Close those that are of no use, or raise the sidecar's limit; reconnect after a moment.",
    retry: true,
  },
  unknown_room: {
    cause: "The message names a room that is not open on this connection.",
    remedy: "Send room open first.",
    retry: false,
  },
  room_exists: {
    cause: "A room with this id is open already.",
    remedy: "Use a fresh room id.",
    retry: false,
  },
  unknown_character: {
    cause: "The message names a character that the room has not registered.",
    remedy: "Send character register first.",
    retry: false,
  },
  line_exists: {
    cause: "A line with this id is open already.",
    remedy: "Use a fresh line id for each cue.",
    retry: false,
  },
  unknown_line: {
    cause:
      "A resume names a line that the session does not have: its cue never came, or its end is long past.",
    remedy: "Send the cue again while its deadline has not passed; else show an authored line.",
    retry: true,
  },
  too_many_rooms: {
    cause:
      "The connection has as many rooms open as welcome allows, or the sidecar has no memory to spare for one more.",
    remedy: "Close rooms that ended, or raise the sidecar's limit.",
    retry: true,
  },
  too_many_characters: {
    cause:
      "The room has as many characters as welcome allows, or the sidecar has no memory to spare for this one's texts.",
    remedy: "Register fewer or shorter ones, or raise the sidecar's limit.",
    retry: false,
  },
  too_many_lines: {
    cause: "The room or the connection has as many lines open as welcome allows.",
    remedy: "Show an authored line; send fewer cues at once.",
    retry: true,
  },
  cue_rate_room: {
    cause: "The room sends cues faster than maxCuesPerSecondPerRoom.",
    remedy: "Show an authored line; send fewer cues.",
    retry: true,
  },
  cue_rate_game: {
    cause: "The game sends cues faster than maxCuesPerSecondPerGame, all connections together.",
    remedy: "Show an authored line; send fewer cues, or raise the sidecar's limit.",
    retry: true,
  },
  scene_exists: {
    cause: "A scene with this id is under way already.",
    remedy: "Use a fresh scene id.",
    retry: false,
  },
  too_many_scenes: {
    cause: "The room has MAX_SCENES_PER_ROOM scenes under way.",
    remedy: "Stop one first.",
    retry: true,
  },
  no_new_lines: {
    cause: "The sidecar has sent drain: it ends what is open and begins nothing.",
    remedy: "Show an authored line; reconnect when the connection closes.",
    retry: true,
  },
  draining: {
    cause: "The sidecar stops now.",
    remedy: "Reconnect after a moment; show authored lines meanwhile.",
    retry: true,
    closeCode: 4503,
  },
  internal: {
    cause: "A fault of the sidecar's own.",
    remedy: "Report it with the sidecar's log; reconnect.",
    retry: true,
    closeCode: 4500,
  },
} as const satisfies Record<string, CodeEntry>;

export type Code = keyof typeof CODES;

/** The entry of a code with its optional parts typed. */
export function codeEntry(code: Code): CodeEntry {
  return CODES[code];
}

/** Keeps what a peer sent from making the answer longer than an answer may be. */
const MAX_MESSAGE_CODE_UNITS = Math.floor(LIMITS.MAX_ERROR_MESSAGE_BYTES / 3);

/** A fault found in what a peer sent, before it is told so. */
export class ProtocolError extends Error {
  readonly code: Code;

  constructor(code: Code, message: string) {
    super(message.slice(0, MAX_MESSAGE_CODE_UNITS));
    this.name = "ProtocolError";
    this.code = code;
  }
}
