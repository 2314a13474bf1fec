import { randomBytes } from "node:crypto";
import {
  type Code,
  codeEntry,
  decodeUp,
  type Down,
  encode,
  LIMITS,
  PROTOCOL_MINOR,
  ProtocolError,
  type Up,
} from "@banterwire/protocol";
import {
  HEARTBEAT_MS,
  HELLO_TIMEOUT_MS,
  MAX_BUFFERED_BYTES,
  MESSAGE_TIMEOUT_MS,
} from "./config.ts";
import { Outbox } from "./outbox.ts";
import { Session, type SessionParts } from "./session.ts";
import { SIDECAR_VERSION } from "./version.ts";

/** A socket that carries whole messages, as the server hands it in. */
export interface PeerSocket {
  send(bytes: Uint8Array): void;
  /** Starts the closing handshake. */
  close(code: number, reason: string): void;
  /** Lets go of the socket at once. */
  abort(): void;
  /** Bytes handed to `send` that the network has not taken yet. */
  readonly bufferedBytes: number;
}

export interface ConnectionParts extends Omit<SessionParts, "sink" | "send"> {
  readonly socket: PeerSocket;
  readonly ttftBudgetMs: number;
  /** A number of this run of the sidecar. */
  readonly epoch: number;
}

/** One game's connection: from frames to its session, and back. */
export class Connection {
  readonly #parts: ConnectionParts;
  readonly #outbox: Outbox;
  readonly #session: Session;
  readonly #name = randomBytes(LIMITS.SESSION_BYTES);
  #state: "greeting" | "open" | "closed" = "greeting";
  #disarm: () => void;
  #lastReceivedMs: number;
  #nonce = 0;

  constructor(parts: ConnectionParts) {
    this.#parts = parts;
    this.#outbox = new Outbox(parts.clock, (message) => this.#send(message));
    this.#session = new Session({
      ...parts,
      sink: this.#outbox,
      send: (message) => this.#send(message),
    });
    this.#lastReceivedMs = parts.clock.nowMs();
    this.#disarm = parts.clock.schedule(HELLO_TIMEOUT_MS, () =>
      this.#refuse("handshake_timeout", `no hello within ${HELLO_TIMEOUT_MS} ms`),
    );
  }

  get rooms(): number {
    return this.#session.rooms;
  }

  get openLines(): number {
    return this.#session.openLines;
  }

  /** One WebSocket message. */
  receive(bytes: Uint8Array, isBinary: boolean): void {
    const { clock } = this.#parts;
    this.#lastReceivedMs = clock.nowMs();
    clock.check();
    if (this.#state === "closed") return;
    if (!isBinary) return this.#refuse("frame_not_binary", "messages are MessagePack, in bytes");
    try {
      const message = decodeUp(bytes);
      if (message.kind === "unknown") {
        return this.#refuse("unknown_type", `message type ${message.type} is not known`);
      }
      this.#accept(message);
    } catch (error) {
      if (error instanceof ProtocolError) return this.#refuse(error.code, error.message);
      const { connection, observe } = this.#parts;
      observe({ kind: "faulted", connection, error });
      this.#refuse("internal", "a fault of the sidecar's own; see its log");
    }
  }

  /** A message was begun and does not end. */
  unfinished(): void {
    if (this.#state === "closed") return;
    this.#refuse("fragment_timeout", `a message took more than ${MESSAGE_TIMEOUT_MS} ms`);
  }

  /** The socket is gone. */
  lost(): void {
    this.#close("lost");
  }

  /** The cards have changed. */
  recast(): void {
    this.#session.recast();
  }

  /** The sidecar is about to stop: ends what is open and says good-bye. */
  drain(): void {
    if (this.#state === "closed") return;
    this.#session.cutShort();
    this.#send({ kind: "drain", closesInMs: 0 });
    this.#refuse("draining", "the sidecar is about to stop");
  }

  #accept(message: Up): void {
    const { connection, observe } = this.#parts;
    if (this.#state === "greeting" && message.kind !== "hello") {
      return this.#refuse("unexpected_message", `${message.kind} before hello`);
    }
    switch (message.kind) {
      case "hello":
        return this.#welcome(message.minor, message.client);
      case "ping":
        return this.#send({ kind: "pong", nonce: message.nonce });
      case "pong":
        return;
      case "error": {
        // Never answered by an error: two peers would go on for ever.
        const { code, message: why } = message;
        return observe({ kind: "errorReceived", connection, code, why });
      }
      default:
        return this.#session.receive(message);
    }
  }

  #welcome(minor: number, client: string): void {
    if (this.#state === "open") return this.#refuse("unexpected_message", "a second hello");
    this.#state = "open";
    this.#send({
      kind: "welcome",
      minor: Math.min(minor, PROTOCOL_MINOR),
      capabilities: [],
      session: this.#name,
      epoch: this.#parts.epoch,
      resumed: false,
      resumeWindowMs: 0,
      server: `@banterwire/sidecar ${SIDECAR_VERSION}`,
      ttftBudgetMs: this.#parts.ttftBudgetMs,
      heartbeatMs: HEARTBEAT_MS,
      ...this.#parts.limits,
    });
    this.#watch();
    const { connection, observe } = this.#parts;
    observe({ kind: "connectionOpened", connection, client });
  }

  /** A silent peer is pinged after an interval, and gone after two. */
  #watch(): void {
    const silentMs = this.#parts.clock.nowMs() - this.#lastReceivedMs;
    if (silentMs >= 2 * HEARTBEAT_MS) {
      return this.#refuse("heartbeat_timeout", `nothing received for ${Math.round(silentMs)} ms`);
    }
    if (silentMs >= HEARTBEAT_MS) this.#send({ kind: "ping", nonce: this.#nonce++ >>> 0 });
    if (this.#state !== "open") return;
    const nextMs = silentMs >= HEARTBEAT_MS ? 2 * HEARTBEAT_MS : HEARTBEAT_MS;
    this.#disarm();
    this.#disarm = this.#parts.clock.schedule(nextMs - silentMs, () => this.#watch());
  }

  /** Answers with an error, and closes where its code says so. */
  #refuse(code: Code, message: string): void {
    const { connection, observe } = this.#parts;
    observe({ kind: "errorSent", connection, code, why: message, room: null, line: null });
    this.#send({
      kind: "error",
      code,
      message: clip(message),
      room: null,
      line: null,
      scene: null,
    });
    const { closeCode } = codeEntry(code);
    if (closeCode === undefined) return;
    this.#close(code);
    this.#parts.socket.close(closeCode, code);
  }

  #close(code: Code | "lost"): void {
    if (this.#state === "closed") return;
    this.#state = "closed";
    this.#disarm();
    this.#outbox.flush();
    this.#session.close();
    const { connection, observe } = this.#parts;
    observe({ kind: "connectionClosed", connection, code });
  }

  #send(message: Down): void {
    if (this.#state === "closed") return;
    const { socket } = this.#parts;
    if (socket.bufferedBytes > MAX_BUFFERED_BYTES) {
      this.#close("slow_consumer");
      return socket.abort();
    }
    socket.send(encode(message));
  }
}

const MAX_ERROR_CHARS = 160;

function clip(message: string): string {
  return message.slice(0, MAX_ERROR_CHARS);
}
