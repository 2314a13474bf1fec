import { once } from "node:events";
import type { AddressInfo } from "node:net";
import {
  type Cue,
  countCodePoints,
  decodeUp,
  displayMsFor,
  type Down,
  encode,
  PROTOCOL_MINOR,
  type Reason,
  type Source,
  SUBPROTOCOL,
  type Up,
  type UnknownMessage,
} from "@banterwire/protocol";
import { WebSocketServer } from "ws";

/** A sidecar without a model: the test says each word itself. */
export interface ScriptedSidecar {
  readonly url: string;
  /** Every message received, in order. */
  readonly received: readonly (Up | UnknownMessage)[];
  /** The next line asked for that no earlier call has taken. */
  nextLine(): Promise<ScriptedLine>;
  /** Resolves when a message that fits has been received, at once if one has. */
  seen(fits: (message: Up | UnknownMessage) => boolean): Promise<void>;
  close(): Promise<void>;
}

/** One line as the test tells it. */
export class ScriptedLine {
  readonly cue: Cue;
  /** Who speaks: the first candidate, unless the test chooses another one. */
  npc: string;
  readonly #send: (message: Down) => void;
  #source: Source | undefined;
  #length = 0;

  constructor(cue: Cue, send: (message: Down) => void) {
    this.cue = cue;
    this.npc = cue.candidates[0]?.[0] ?? "";
    this.#send = send;
  }

  text(text: string, source: Source = "model"): void {
    const { line } = this.cue;
    if (!this.#source) this.#begin(source);
    this.#source ??= source;
    this.#send({ kind: "delta", parts: [[line, this.#length, text]] });
    this.#length += countCodePoints(text);
  }

  end(reason: Reason = "complete"): void {
    const source = this.#source ?? "none";
    const displayMs = displayMsFor(this.#length);
    const spansUs: [number, number, number, number, number, number, number] = [0, 0, 0, 0, 0, 0, 0];
    const { line } = this.cue;
    this.#send({ kind: "lineEnd", line, source, reason, length: this.#length, displayMs, spansUs });
  }

  #begin(source: Source): void {
    const { line, room } = this.cue;
    this.#send({ kind: "lineBegin", line, room, character: this.npc, source, scene: null });
  }
}

/** Budget that no machine misses, so that a line's source is up to the script. */
const TTFT_BUDGET_MS = 15_000;

export async function startScriptedSidecar(): Promise<ScriptedSidecar> {
  const received: (Up | UnknownMessage)[] = [];
  const lines: ScriptedLine[] = [];
  const watchers = new Set<() => void>();
  const server = new WebSocketServer({
    host: "127.0.0.1",
    port: 0,
    handleProtocols: () => SUBPROTOCOL,
  });
  server.on("connection", (socket) => {
    const send = (message: Down): void => socket.send(encode(message));
    socket.on("error", () => socket.terminate());
    socket.on("message", (data) => {
      const message = decodeUp(data as Buffer);
      received.push(message);
      if (message.kind === "hello") send(WELCOME);
      if (message.kind === "ping") send({ kind: "pong", nonce: message.nonce });
      if (message.kind === "cue") lines.push(new ScriptedLine(message, send));
      for (const watcher of watchers) watcher();
    });
  });
  await once(server, "listening");

  const until = async <T>(look: () => T | undefined): Promise<T> => {
    const found = Promise.withResolvers<T>();
    const watcher = (): void => {
      const value = look();
      if (value !== undefined) found.resolve(value);
    };
    watchers.add(watcher);
    watcher();
    return found.promise.finally(() => watchers.delete(watcher));
  };
  return {
    url: `ws://127.0.0.1:${(server.address() as AddressInfo).port}`,
    received,
    nextLine: () => until(() => lines.shift()),
    seen: async (fits) => void (await until(() => received.find(fits))),
    close: () => closeServer(server),
  };
}

const WELCOME: Down = {
  kind: "welcome",
  minor: PROTOCOL_MINOR,
  capabilities: [],
  server: "scripted sidecar",
  session: new Uint8Array(16),
  epoch: 1,
  resumed: false,
  resumeWindowMs: 0,
  ttftBudgetMs: TTFT_BUDGET_MS,
  heartbeatMs: 10_000,
  maxRooms: 64,
  maxCharactersPerRoom: 64,
  maxLinesPerRoom: 64,
  maxLines: 64,
  maxCuesPerSecondPerRoom: 1_000,
  maxCuesPerSecondPerGame: 1_000,
};

async function closeServer(server: WebSocketServer): Promise<void> {
  for (const socket of server.clients) socket.terminate();
  await new Promise<void>((resolve) => {
    server.close(() => resolve());
  });
}
