import { type EndpointRow, endpointRows, MAX_ENDPOINTS, MAX_SLOTS } from "./endpoint-rows.ts";
import { choice, integer, type Kind, list, path, text } from "./kinds.ts";
import { parseOllamaHost } from "./ollama-host.ts";

/** When a changed value is in force: at once, for connections made after it, or at the next start. */
export type Reload = "at once" | "new connections" | "next start";

/** One row of the table from which flags, environment, file keys, help and reference are made. */
export interface Setting<T> {
  readonly kind: Kind<NonNullable<T>>;
  readonly default: T;
  /** What it is for; a phrase without a full stop. */
  readonly help: string;
  readonly reload: Reload;
  /** The name in flags, where it is not the key's own. */
  readonly name?: string;
  /** The environment variable, where it is not made of the name. */
  readonly variable?: string;
  /** Never shown, and no flag: flags are seen by every user of the machine. */
  readonly isSecret?: true;
  /** What is wrong in it is told without its text, in which somebody may have written a secret. */
  readonly mayHoldSecrets?: true;
}

const MAX_PATH_BYTES = 4_096;
/** What fits in a socket's address on every Unix. */
const MAX_SOCKET_PATH_BYTES = 103;
const ollamaUrl = text("URL", "an address such as http://127.0.0.1:11434", (written) => {
  const parsed = written === "" ? undefined : parseOllamaHost(written);
  if (!parsed || "wrong" in parsed) return parsed;
  // A name in other letters may turn out to have a comma, which parts one URL from the next.
  return parsed.value.includes(",") ? undefined : parsed.value;
});

export const token = text("TEXT", "a text of 1 to 512 visible ASCII characters", (written) =>
  /^[\x21-\x7e]{1,512}$/u.test(written) ? written : undefined,
);

export const authorization = text(
  "TEXT",
  "a text of 1 to 4,096 visible ASCII characters and spaces",
  (written) => (/^[\x20-\x7e]{1,4096}$/u.test(written) ? written : undefined),
);

/** Every setting of the sidecar, in the order in which they are shown. */
export const SETTINGS = {
  host: row<string>({
    kind: text("ADDRESS", "an address or a host name", (written) =>
      /^[^\s/]{1,255}$/u.test(written) ? written : undefined,
    ),
    default: "127.0.0.1",
    help: "address to listen on; one that is not loopback needs a token",
    reload: "next start",
  }),
  port: row<number>({
    kind: integer(0, 65_535),
    default: 7_433,
    help: "port to listen on; 0 takes a free one",
    reload: "next start",
  }),
  socket: row<string | undefined>({
    kind: path("FILE", `a path of at most ${MAX_SOCKET_PATH_BYTES} bytes`, MAX_SOCKET_PATH_BYTES),
    default: undefined,
    help: "unix socket to listen on in place of host and port; only its owner may connect",
    reload: "next start",
  }),
  token: row<string | undefined>({
    kind: token,
    default: undefined,
    help: "what games must show to be let in; without one any local program is",
    reload: "new connections",
    isSecret: true,
  }),
  tokenFile: row<string | undefined>({
    kind: path("FILE", "a path", MAX_PATH_BYTES),
    default: undefined,
    help: "file whose first line is the token; read at the start and at each reload",
    reload: "new connections",
  }),
  origins: row<readonly string[]>({
    kind: list(text("ORIGIN", "an origin such as https://game.example", webOrigin), 64),
    default: [],
    help: "origins that browsers may connect from; a request that has another one is refused",
    reload: "new connections",
  }),
  ollama: row<readonly string[]>({
    kind: list(ollamaUrl, MAX_ENDPOINTS),
    default: [],
    help: "the Ollama to use, or several; never replaced by another",
    reload: "at once",
  }),
  endpoints: row<readonly EndpointRow[]>({
    kind: endpointRows,
    default: [],
    help: "in place of `ollama`: several Ollamas or models, each with what it is for",
    reload: "at once",
    mayHoldSecrets: true,
  }),
  ollamaAuthorization: row<string | undefined>({
    kind: authorization,
    default: undefined,
    help: "Authorization header for every Ollama that has no file of its own for it, such as `Bearer ...`",
    reload: "at once",
    isSecret: true,
  }),
  ollamaHost: row<string>({
    kind: ollamaUrl,
    default: "http://127.0.0.1:11434",
    help: "where to look for an Ollama if none is named; the embedded model serves if nobody answers",
    reload: "at once",
    variable: "OLLAMA_HOST",
  }),
  model: row<string | undefined>({
    kind: text("NAME", "a model's name such as gemma3:1b", (written) =>
      /^\S{1,256}$/u.test(written) ? written : undefined,
    ),
    default: undefined,
    help: "a model of that Ollama; without a name, the smallest that can chat",
    reload: "at once",
  }),
  slots: row<number>({
    kind: integer(1, MAX_SLOTS),
    default: 1,
    help: "lines that the Ollama generates in parallel: what OLLAMA_NUM_PARALLEL says",
    reload: "at once",
  }),
  ttftBudgetMs: row<number>({
    kind: integer(1, 60_000),
    default: 200,
    help: "time to first token that rooms are told, milliseconds; a cue's own remaining time wins",
    reload: "new connections",
    name: "budget-ms",
  }),
  cards: row<string | undefined>({
    kind: path("FOLDER", "a path", MAX_PATH_BYTES),
    default: undefined,
    help: "folder of character cards (*.json); each replaces what rooms register under its id",
    reload: "at once",
  }),
  maxConnections: row<number>({
    kind: integer(1, 65_536),
    default: 1_024,
    help: "connections of games; one more is refused",
    reload: "at once",
  }),
  maxRooms: row<number>({
    kind: integer(1, 65_536),
    default: 1_024,
    help: "open rooms of one connection",
    reload: "new connections",
  }),
  maxCharactersPerRoom: row<number>({
    kind: integer(1, 4_096),
    default: 256,
    help: "characters of one room",
    reload: "new connections",
  }),
  maxRegisteredMib: row<number>({
    kind: integer(1, 65_536),
    default: 32,
    help: "what the rooms and characters of one connection may take together, MiB of text",
    reload: "new connections",
  }),
  maxRegisteredMibInAll: row<number>({
    kind: integer(1, 65_536),
    default: 128,
    help: "what those of all connections may take, lost ones that may come back too, MiB of text",
    reload: "at once",
  }),
  maxLinesPerRoom: row<number>({
    kind: integer(1, 1_024),
    default: 64,
    help: "open lines of one room",
    reload: "new connections",
  }),
  maxLines: row<number>({
    kind: integer(1, 65_536),
    default: 1_024,
    help: "open lines of one connection",
    reload: "new connections",
  }),
  maxCuesPerSecondPerRoom: row<number>({
    kind: integer(1, 10_000),
    default: 50,
    help: "cues a second of one room",
    reload: "new connections",
  }),
  maxCuesPerSecondPerGame: row<number>({
    kind: integer(1, 100_000),
    default: 1_000,
    help: "cues a second of all connections together",
    reload: "at once",
  }),
  resumeWindowMs: row<number>({
    kind: integer(0, 60_000),
    default: 5_000,
    help: "how long a lost connection's lines go on until it comes back, milliseconds; 0: not at all",
    reload: "new connections",
  }),
  maxDetachedSessions: row<number>({
    kind: integer(0, 4_096),
    default: 64,
    help: "lost connections that may come back; past it the one lost first may not",
    reload: "at once",
  }),
  logLevel: row<LogLevel>({
    kind: choice(["debug", "info", "warn", "error", "silent"]),
    default: "info",
    help: "least severe events that are logged; players' words and prompts at debug alone",
    reload: "at once",
  }),
  logText: row<"shown" | "hidden">({
    kind: choice(["shown", "hidden"]),
    default: "shown",
    help: "whether the log at debug has players' words and prompts, or only how long they are",
    reload: "at once",
  }),
} as const;

export type LogLevel = "debug" | "info" | "warn" | "error" | "silent";
export type Key = keyof typeof SETTINGS;
export const KEYS = Object.keys(SETTINGS) as readonly Key[];

/** A value for every setting, as it was written; files that they name are not read yet. */
export type Settings = {
  readonly [K in Key]: (typeof SETTINGS)[K] extends Setting<infer T> ? T : never;
};

export const DEFAULT_SETTINGS = Object.fromEntries(
  KEYS.map((key) => [key, SETTINGS[key].default]),
) as Settings;

/** The row of a key, whatever it holds. */
export function settingOf(key: Key): Setting<Settings[Key]> {
  return SETTINGS[key];
}

function row<T>(setting: Setting<T>): Setting<T> {
  return setting;
}

/** Browsers write an origin without a path and in lower case; so must we, to compare. */
function webOrigin(written: string): string | undefined {
  const url = URL.parse(written);
  if (!url || !/^https?:$/u.test(url.protocol) || /[?#@]/u.test(written)) return undefined;
  return url.pathname === "/" ? url.origin : undefined;
}
