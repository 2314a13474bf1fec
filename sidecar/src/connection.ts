import {
  type Capability,
  type Clock,
  type Code,
  codeEntry,
  CODES,
  decodeUp,
  type Down,
  encode,
  type Hello,
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
import { Outbox, type Wire } from "./outbox.ts";
import type { Observe } from "./happening.ts";
import type { Session } from "./session.ts";
import type { SessionPeer } from "./session/session-state.ts";
import type { SessionTable } from "./session/session-table.ts";
import { SIDECAR_VERSION } from "./version.ts";

/** A socket that carries whole messages, as the server hands it in. */
export interface PeerSocket {
  send(bytes: Uint8Array): void;
  /** Starts the closing handshake. */
  close(code: number, reason: string): void;
  /** Bytes handed to `send` that the network has not taken yet. */
  readonly bufferedBytes: number;
}

export interface ConnectionParts {
  readonly socket: PeerSocket;
  /** Counted from 1 over the life of this sidecar. */
  readonly connection: number;
  /** The token that let it in: what a session belongs to. */
  readonly game: string | undefined;
  readonly sessions: SessionTable;
  readonly clock: Clock;
  readonly observe: Observe;
  readonly ttftBudgetMs: number;
  /** A number of this run of the sidecar. */
  readonly epoch: number;
}

type State =
  | { readonly name: "greeting" }
  | { readonly name: "open"; readonly session: Session }
  | { readonly name: "closed" };

/** Closes after which the session waits for another connection, as it does after a loss. */
const RESUMABLE = new Set<Code | "lost">([
  "lost",
  "fragment_timeout",
  "heartbeat_timeout",
  "slow_consumer",
]);
/** A client that closes with one of these wants nothing more; any other close is a loss. */
const isFarewell = (closeCode: number): boolean =>
  closeCode === 1000 || (closeCode >= 4000 && closeCode < 5000);
/** What this sidecar has of the protocol's optional parts. */
const RESUME: Capability = "resume";

/** One game's connection: from frames to its session, and back. */
export class Connection implements SessionPeer, Wire {
  readonly lines: Outbox;
  readonly #parts: ConnectionParts;
  #state: State = { name: "greeting" };
  /** What observers know it by: a session's number once it goes on with one. */
  #number: number;
  #disarm: () => void;
  #lastReceivedMs: number;
  #nonce = 0;

  constructor(parts: ConnectionParts) {
    this.#parts = parts;
    this.#number = parts.connection;
    this.lines = new Outbox(parts.clock, this);
    this.#lastReceivedMs = parts.clock.nowMs();
    this.#disarm = parts.clock.schedule(HELLO_TIMEOUT_MS, () =>
      this.#refuse("handshake_timeout", `no hello within ${HELLO_TIMEOUT_MS} ms`),
    );
  }

  /** One WebSocket message. */
  receive(bytes: Uint8Array, isBinary: boolean): void {
    const { clock } = this.#parts;
    this.#lastReceivedMs = clock.nowMs();
    clock.check();
    if (this.#state.name === "closed") return;
    if (!isBinary) return this.#refuse("frame_not_binary", "messages are MessagePack, in bytes");
    try {
      const message = decodeUp(bytes);
      if (message.kind === "unknown") {
        return this.#refuse("unknown_type", `message type ${message.type} is not known`);
      }
      this.#accept(message);
    } catch (error) {
      if (error instanceof ProtocolError) return this.#refuse(error.code, error.message);
      this.#parts.observe({ kind: "faulted", connection: this.#number, error });
      this.#refuse("internal", "a fault of the sidecar's own; see its log");
    }
  }

  /** A message was begun and does not end. */
  unfinished(): void {
    if (this.#state.name === "closed") return;
    this.#refuse("fragment_timeout", `a message took more than ${MESSAGE_TIMEOUT_MS} ms`);
  }

  /** The socket is gone; `closeCode` is what the client closed it with, 1006 where it did not. */
  lost(closeCode = 1006): void {
    if (this.#state.name === "open" && isFarewell(closeCode)) {
      this.#parts.sessions.close(this.#state.session);
    }
    this.#close("lost");
  }

  /** Another connection goes on with the session. */
  taken(): void {
    this.#refuse("session_taken", "another connection goes on with this session");
  }

  /** The sidecar is about to stop: ends what is open and says good-bye. */
  drain(): void {
    if (this.#state.name === "closed") return;
    if (this.#state.name === "open") this.#state.session.cutShort();
    this.lines.flush();
    this.send({ kind: "drain", closesInMs: 0 });
    this.#refuse("draining", "the sidecar is about to stop");
  }

  send(message: Down): void {
    if (this.#state.name === "closed") return;
    const { socket } = this.#parts;
    if (socket.bufferedBytes > MAX_BUFFERED_BYTES) return this.tooSlow();
    socket.send(encode(message));
  }

  get waitingBytes(): number {
    return this.#parts.socket.bufferedBytes;
  }

  /** Lets go of a peer that does not read; it is told, should it read after all. */
  tooSlow(): void {
    if (this.#state.name === "closed") return;
    const { observe, socket } = this.#parts;
    const code = "slow_consumer";
    const why = "more waits than may, or for too long";
    const nobody = { room: null, line: null };
    observe({ kind: "errorSent", connection: this.#number, code, why, ...nobody });
    this.#close(code);
    socket.send(encode({ kind: "error", code, message: why, ...nobody, scene: null }));
    socket.close(CODES[code].closeCode, code);
  }

  #accept(message: Up): void {
    if (message.kind === "hello") return this.#greet(message);
    if (this.#state.name !== "open") {
      return this.#refuse("unexpected_message", `${message.kind} before hello`);
    }
    const { session } = this.#state;
    switch (message.kind) {
      case "ping":
        return this.send({ kind: "pong", nonce: message.nonce });
      case "pong":
        return;
      case "error": {
        // Never answered by an error: two peers would go on for ever.
        const { code, message: why } = message;
        const connection = this.#number;
        return this.#parts.observe({ kind: "errorReceived", connection, code, why });
      }
      case "resume":
        if (session.isResuming) return session.resume(message);
        return this.#refuse("unsupported", "there is nothing to resume");
      default:
        if (!session.isResuming) return session.receive(message);
        return this.#refuse("unexpected_message", `${message.kind} before resume`);
    }
  }

  #greet(hello: Hello): void {
    if (this.#state.name === "open") {
      return this.#refuse("unexpected_message", "a second hello");
    }
    const { connection, game, observe, sessions } = this.#parts;
    const resumable = hello.capabilities.includes(RESUME);
    const resumed =
      resumable && hello.session ? sessions.takeOver(hello.session, game, this) : undefined;
    const { session, windowMs } = resumed ?? sessions.begin(this, { game, connection, resumable });
    this.#state = { name: "open", session };
    this.#number = session.connection;
    this.#welcome(hello, session, { isResumed: resumed !== undefined, windowMs });
    this.#watch();
    const { client } = hello;
    const isResumed = resumed !== undefined;
    observe({ kind: "connectionOpened", connection: this.#number, client, resumed: isResumed });
  }

  #welcome(
    { minor }: Hello,
    { name, limits }: Session,
    { isResumed, windowMs }: { readonly isResumed: boolean; readonly windowMs: number },
  ): void {
    this.send({
      kind: "welcome",
      minor: Math.min(minor, PROTOCOL_MINOR),
      capabilities: windowMs > 0 ? [RESUME] : [],
      session: name,
      epoch: this.#parts.epoch,
      resumed: isResumed,
      resumeWindowMs: windowMs,
      server: `@banterwire/sidecar ${SIDECAR_VERSION}`,
      ttftBudgetMs: this.#parts.ttftBudgetMs,
      heartbeatMs: HEARTBEAT_MS,
      ...limits,
    });
  }

  /** Pings each interval; a peer of whom nothing came for two of them is gone. */
  #watch(nextPingMs = this.#parts.clock.nowMs() + HEARTBEAT_MS): void {
    const nowMs = this.#parts.clock.nowMs();
    const goneMs = this.#lastReceivedMs + 2 * HEARTBEAT_MS;
    // Where the loop was blocked an answer may wait in the socket: it is read first.
    if (nowMs >= goneMs) return this.#arm(0, () => this.#doubt(goneMs, nextPingMs));
    const isDue = nowMs >= nextPingMs;
    if (isDue) this.send({ kind: "ping", nonce: this.#nonce++ >>> 0 });
    if (this.#state.name !== "open") return;
    const pingMs = isDue ? nowMs + HEARTBEAT_MS : nextPingMs;
    this.#arm(Math.min(pingMs, goneMs) - nowMs, () => this.#watch(pingMs));
  }

  #doubt(goneMs: number, nextPingMs: number): void {
    if (this.#lastReceivedMs + 2 * HEARTBEAT_MS > goneMs) return this.#watch(nextPingMs);
    this.#refuse("heartbeat_timeout", `nothing received for ${2 * HEARTBEAT_MS} ms`);
  }

  #arm(delayMs: number, callback: () => void): void {
    this.#disarm();
    this.#disarm = this.#parts.clock.schedule(delayMs, callback);
  }

  /** Answers with an error, and closes where its code says so. */
  #refuse(code: Code, message: string): void {
    const { observe, socket } = this.#parts;
    const nobody = { room: null, line: null };
    observe({ kind: "errorSent", connection: this.#number, code, why: message, ...nobody });
    this.send({ kind: "error", code, message: clip(message), ...nobody, scene: null });
    const { closeCode } = codeEntry(code);
    if (closeCode === undefined) return;
    this.#close(code);
    socket.close(closeCode, code);
  }

  #close(code: Code | "lost"): void {
    const before = this.#state;
    if (before.name === "closed") return;
    this.#state = { name: "closed" };
    this.#disarm();
    this.lines.close();
    if (before.name === "open") this.#letGo(before.session, code);
    this.#parts.observe({ kind: "connectionClosed", connection: this.#number, code });
  }

  #letGo(session: Session, code: Code | "lost"): void {
    // One that was taken is the other connection's now.
    if (code === "session_taken") return;
    if (RESUMABLE.has(code)) this.#parts.sessions.lose(session);
    else this.#parts.sessions.close(session);
  }
}

const MAX_ERROR_CHARS = 160;

function clip(message: string): string {
  return message.slice(0, MAX_ERROR_CHARS);
}
