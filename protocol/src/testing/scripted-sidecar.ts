import type { OpenTransport, Transport } from "../client/transport.ts";
import type { Clock } from "../clock.ts";
import { decodeUp, encode, type UnknownMessage } from "../codec.ts";
import type { Down } from "../down.ts";
import type { Welcome } from "../messages/welcome.ts";
import type { Up } from "../up.ts";
import { memoryTransport } from "./memory-transport.ts";

/** A welcome with room for everything. */
export const WELCOME: Welcome = {
  kind: "welcome",
  minor: 0,
  capabilities: [],
  server: "scripted",
  session: new Uint8Array(16),
  epoch: 1,
  resumed: false,
  resumeWindowMs: 0,
  ttftBudgetMs: 200,
  heartbeatMs: 10_000,
  maxRooms: 64,
  maxCharactersPerRoom: 64,
  maxLinesPerRoom: 64,
  maxLines: 1_024,
  maxCuesPerSecondPerRoom: 1_000,
  maxCuesPerSecondPerGame: 1_000,
};

export interface ScriptedSidecarOptions {
  readonly clock: Clock;
  readonly welcome?: Partial<Omit<Welcome, "kind">>;
  /** Answer hello at once; true unless said otherwise. */
  readonly welcomes?: boolean;
  readonly upDelayMs?: number;
  readonly downDelayMs?: number;
}

/** A sidecar whose every word a test says, behind an in-memory transport. */
export class ScriptedSidecar {
  /** What clients sent, oldest first, without pings. */
  readonly received: (Up | UnknownMessage)[] = [];
  readonly openTransport: OpenTransport;
  /** The times at which a client tried to connect, milliseconds. */
  readonly attemptsMs: number[] = [];
  /** Whether pings are answered. */
  answersPings = true;
  /** Whether attempts to connect succeed. */
  isUp = true;
  /** Whether nothing listens any more. */
  isDead = false;
  readonly #options: ScriptedSidecarOptions;
  #transport: Transport | undefined;

  constructor(options: ScriptedSidecarOptions) {
    this.#options = options;
    const accept = (transport: Transport) => this.#accept(transport);
    const open = memoryTransport({ ...options, accept });
    this.openTransport = (events) => {
      if (!this.isDead) return open(events);
      options.clock.schedule(0, () => events.lost("refused", true));
      return { send() {}, close() {}, abort() {}, bufferedBytes: 0 };
    };
  }

  /** Sends to the client that connected last. */
  send(...messages: Down[]): void {
    for (const message of messages) this.#transport?.send(encode(message));
  }

  sendBytes(bytes: Uint8Array): void {
    this.#transport?.send(bytes);
  }

  /** Drops the connection. */
  drop(): void {
    this.#transport?.abort();
  }

  /** The messages of one kind that were received. */
  of<K extends Up["kind"]>(kind: K): Extract<Up, { kind: K }>[] {
    return this.received.filter((one): one is Extract<Up, { kind: K }> => one.kind === kind);
  }

  #accept(transport: Transport): { received(bytes: Uint8Array): void; lost(): void } {
    this.attemptsMs.push(this.#options.clock.nowMs());
    if (!this.isUp) transport.abort();
    this.#transport = transport;
    return { received: (bytes) => this.#receive(bytes), lost: () => {} };
  }

  #receive(bytes: Uint8Array): void {
    const message = decodeUp(bytes);
    if (message.kind === "ping") {
      if (this.answersPings) this.send({ kind: "pong", nonce: message.nonce });
      return;
    }
    this.received.push(message);
    if (message.kind === "hello" && this.#options.welcomes !== false) {
      this.send({ ...WELCOME, ...this.#options.welcome });
    }
  }
}
