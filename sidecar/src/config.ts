/** Everything the sidecar is told. Defaults are small, loopback and safe. */
export interface SidecarConfig {
  readonly host: string;
  /** 0 takes a free port. */
  readonly port: number;
  /** What clients must show at the upgrade; undefined lets any local client in. */
  readonly token: string | undefined;
  /** An Ollama that was named: it is never replaced. */
  readonly ollama: string | undefined;
  /** Where to look for an Ollama if none was named; if it is silent the embedded one serves. */
  readonly ollamaHost: string;
  /** A model of that Ollama; undefined takes the smallest that can chat. */
  readonly model: string | undefined;
  /** Parallel generations of the Ollama; its own default is 1. */
  readonly slots: number;
  /** The budget that rooms are told in welcome, milliseconds. */
  readonly ttftBudgetMs: number;
  readonly logLevel: string;
}

export const DEFAULT_CONFIG: SidecarConfig = {
  host: "127.0.0.1",
  port: 7433,
  token: undefined,
  ollama: undefined,
  ollamaHost: "http://127.0.0.1:11434",
  model: undefined,
  slots: 1,
  ttftBudgetMs: 200,
  logLevel: "info",
};

/** Bounds of what one connection may hold, told in welcome. */
export const CONNECTION_LIMITS = {
  maxRooms: 1_024,
  maxCharactersPerRoom: 256,
  maxLinesPerRoom: 64,
  maxLines: 1_024,
  maxCuesPerSecondPerRoom: 50,
  maxCuesPerSecondPerGame: 1_000,
} as const;

export const HEARTBEAT_MS = 5_000;
export const HELLO_TIMEOUT_MS = 5_000;
/** Bytes waiting for a peer that reads slowly; past it the peer is disconnected. */
export const MAX_BUFFERED_BYTES = 1_048_576;
/** Cues that wait for a slot; past it they get authored lines at once. */
export const MAX_WAITING_CUES = 256;
/** Tokens of one line at most: two short sentences, and some. */
export const MAX_LINE_TOKENS = 64;
/** Between two tokens of a line that has begun. */
export const MAX_TOKEN_GAP_MS = 2_000;
/** From the first text of a line to its end. */
export const MAX_LINE_MS = 20_000;
/** How long Ollama may go on with a prefill that was cancelled. */
export const ZOMBIE_HOLD_MS = 1_000;
/** The embedded engine batches; this many warm streams still start well within 200 ms. */
export const EMBEDDED_SLOTS = 8;
