import { type Cards, NO_CARDS } from "./config/card.ts";
import type { EndpointRow } from "./config/endpoint-rows.ts";
import { DEFAULT_SETTINGS, type Settings } from "./config/settings.ts";

/**
 * Everything the sidecar is told: the settings, with the files that they name read. Each is
 * explained in `config/settings.ts`. Defaults are small, loopback and safe.
 */
export interface SidecarConfig extends Omit<Settings, "tokenFile" | "cards" | "endpoints"> {
  readonly cards: Cards;
  readonly endpoints: readonly EndpointConfig[];
}

/** An endpoint with the files that it names read. */
export interface EndpointConfig extends Omit<EndpointRow, "authorizationFile" | "caFile"> {
  /** Its Authorization header, whole. */
  readonly authorization?: string | undefined;
  /** The certificates to trust, PEM, in place of the usual ones. */
  readonly ca?: string | undefined;
}

const { tokenFile: _tokenFile, cards: _folder, endpoints: _rows, ...defaults } = DEFAULT_SETTINGS;

export const DEFAULT_CONFIG: SidecarConfig = { ...defaults, cards: NO_CARDS, endpoints: [] };

/** Bounds of what one connection may hold, told in welcome. */
export type ConnectionLimits = Pick<
  SidecarConfig,
  | "maxRooms"
  | "maxCharactersPerRoom"
  | "maxLinesPerRoom"
  | "maxLines"
  | "maxCuesPerSecondPerRoom"
  | "maxCuesPerSecondPerGame"
>;

export function limitsOf(config: ConnectionLimits): ConnectionLimits {
  const { maxRooms, maxCharactersPerRoom, maxLinesPerRoom, maxLines } = config;
  const { maxCuesPerSecondPerRoom, maxCuesPerSecondPerGame } = config;
  return {
    maxRooms,
    maxCharactersPerRoom,
    maxLinesPerRoom,
    maxLines,
    maxCuesPerSecondPerRoom,
    maxCuesPerSecondPerGame,
  };
}

/** Sockets that have not become a WebSocket: handshakes, and operators' pages. */
export const MAX_PENDING_SOCKETS = 1_024;
/** A cue, its report, what was heard of it by each of some players. */
const FRAMES_PER_CUE = 10;
/** So that a game that comes back registers its rooms at once, however few cues it may send. */
const MIN_FRAMES_PER_SECOND = 10_000;

/** WebSocket frames that are read of one connection; more wait in the peer's own socket. */
export function framesPerSecondOf(config: Pick<SidecarConfig, "maxCuesPerSecondPerGame">): number {
  return Math.max(MIN_FRAMES_PER_SECOND, FRAMES_PER_CUE * config.maxCuesPerSecondPerGame);
}

export const HEARTBEAT_MS = 5_000;
export const HELLO_TIMEOUT_MS = 5_000;
/** From the first byte of a WebSocket message to its last. */
export const MESSAGE_TIMEOUT_MS = 5_000;
/** UTF-16 units of text kept of one session's lines, to be told again to a client that resumes. */
export const MAX_LOGGED_TEXT_UNITS = 262_144;
/** Lines of one session that have ended and may have to be told again; past it the oldest go. */
export const MAX_LOGGED_ENDS = 1_024;
/** Of one session; a client that backs off as it should comes back once or twice. */
export const MAX_RESUMES_PER_SECOND = 16;
/**
 * Lines that one resume may name, for each that a connection may have open: an honest client names
 * those that it had open, less than that.
 */
export const MAX_NAMED_PER_LINE = 2;
/** Of them those that the session does not have: cues on their way when the connection was lost. */
export const MAX_UNKNOWN_LINES = 256;
/** Bytes waiting for a peer that reads slowly; past it the peer is disconnected. */
export const MAX_BUFFERED_BYTES = 1_048_576;
/** Bytes waiting from which a peer reads slowly: its text is merged, and it is told. */
export const SLOW_AT_BYTES = MAX_BUFFERED_BYTES / 2;
/** The same if the network has taken nothing less than all for so long, however little waits. */
export const SLOW_AFTER_MS = 500;
/** How long a peer that was told may take to read all that waits. */
export const MAX_SLOW_MS = 1_000;
/** Cues that wait for a slot; past it they get authored lines at once. */
export const MAX_WAITING_CUES = 256;
/** Tokens of one line at most: two short sentences, and some. */
export const MAX_LINE_TOKENS = 64;
/**
 * Of one attempt to connect to an Ollama. A line does not wait for it: a cue that finds no connection
 * ends at its own deadline, as one does that waits for a slot; the queue has no clock of its own.
 */
export const CONNECT_TIMEOUT_MS = 2_000;
/** Between two tokens of a line that has begun. */
export const MAX_TOKEN_GAP_MS = 2_000;
/** From the first text of a line to its end. */
export const MAX_LINE_MS = 20_000;
/** How long Ollama may go on with a prefill that was cancelled. */
export const ZOMBIE_HOLD_MS = 1_000;
/** The share of a prompt that a slot of llama-server must hold to be preferred to the oldest one. */
export const MIN_PROMPT_SIMILARITY = 0.1;
/** The embedded engine batches; this many warm streams still start well within 200 ms. */
export const EMBEDDED_SLOTS = 8;
/** Of the embedded engine: each keeps the prompt that it read last, so more of them are warm. */
export const EMBEDDED_SEQUENCES = 16;
