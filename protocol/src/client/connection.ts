import type { Capability } from "../capabilities.ts";
import type { Clock } from "../clock.ts";
import { codeEntry, ProtocolError } from "../codes.ts";
import { decodeDown, encode } from "../codec.ts";
import type { Down } from "../down.ts";
import type { Welcome } from "../messages/welcome.ts";
import type { Up } from "../up.ts";
import { PROTOCOL_MINOR } from "../version.ts";
import { backoffDelayMs } from "./backoff.ts";
import {
  advanceConnection,
  type ConnectionEvent,
  type ConnectionState,
} from "./connection-state.ts";
import { RoundTrip } from "./round-trip.ts";
import type { OpenTransport, Transport } from "./transport.ts";

/** How a connection, or an attempt at one, ended. `refused`: whoever listened there has ended. */
export type Loss = "by itself" | "for a breach" | "refused";

export interface ConnectionEvents {
  /** Welcomed: what goes on with an earlier session is to be said at once. */
  opened(welcome: Welcome): void;
  received(message: Exclude<Down, { kind: "welcome" | "ping" | "pong" | "drain" }>): void;
  /** The connection was open and is lost; another attempt follows by itself. */
  lost(why: string, how: Loss): void;
  /** An attempt to connect has failed; another one follows by itself. */
  unreachable(how: Loss): void;
  /** The sidecar has had all messages up to this one of those that were sent, counted from 1. */
  confirmed(place: number): void;
  /** Something of ours has thrown where nobody would catch it. */
  faulted(error: unknown): void;
  /** Something an operator may want to know; never fatal. */
  trouble(why: string): void;
}

export interface ConnectionOptions {
  readonly openTransport: OpenTransport;
  readonly clientName: string;
  readonly clock: Clock;
  readonly random: () => number;
  /** The session to go on with, if there is one. */
  readonly session: () => Uint8Array | null;
}

/** From the start of an attempt to welcome. */
const GREETING_TIMEOUT_MS = 5_000;
/** Pings in a row after welcome: one slow answer must not stand for the round trip until the next. */
const FIRST_PINGS = 5;
/** More than this waiting to be sent means that the sidecar has stopped reading. */
const MAX_BUFFERED_BYTES = 1_048_576;
const NORMAL_CLOSE = 1000;
/** For a field that does not fit: what follows from it could not be trusted. */
const BREACH_CLOSE = 4400;
/** Optional parts of the protocol that this client has. */
const OFFERED: readonly Capability[] = ["resume"];

interface Ping {
  readonly nonce: number;
  readonly sentMs: number;
  /** Messages sent before it. */
  readonly after: number;
}

/** One connection to the sidecar that comes back by itself, with jittered back-off. */
export class Connection {
  readonly #options: ConnectionOptions;
  readonly #events: ConnectionEvents;
  readonly #roundTrip = new RoundTrip();
  #state: ConnectionState = { name: "idle" };
  #failures = 0;
  /** Attempts since the start or the last welcome. */
  #attempts = 0;
  /** Messages sent, over all connections. */
  #sent = 0;
  #disarm: () => void = () => {};
  #lastReceivedMs = 0;
  #ping: Ping | undefined;
  #isPinging = false;
  /** Since the last welcome. */
  #pongs = 0;
  /** The last failure told, so that a sidecar that stays away is told of once. */
  #told: string | undefined;

  constructor(options: ConnectionOptions, events: ConnectionEvents) {
    this.#options = options;
    this.#events = events;
  }

  get state(): ConnectionState {
    return this.#state;
  }

  /** What to allow for the way there and back, milliseconds. */
  get roundTripMs(): number {
    return this.#roundTrip.estimateMs;
  }

  /** Messages sent so far, over all connections. */
  get sent(): number {
    return this.#sent;
  }

  /** Whether a sidecar may answer at any moment: the first attempt has not failed. */
  get mayOpenSoon(): boolean {
    const { name } = this.#state;
    if (name === "waiting") return this.#attempts === 0;
    return (name === "connecting" || name === "greeting") && this.#attempts === 1;
  }

  start(): void {
    if (this.#state.name === "idle") this.#connect();
  }

  /**
   * Sends if the connection is open, and says whether it was.
   * @param frame the message's, where it has been made
   */
  send(message: Up, frame?: Uint8Array): boolean {
    if (this.#state.name !== "open" && this.#state.name !== "draining") return false;
    const { transport } = this.#state;
    if (transport.bufferedBytes > MAX_BUFFERED_BYTES) {
      this.#fail("the sidecar has stopped reading");
      return false;
    }
    this.#sent++;
    transport.send(frame ?? encode(message));
    return true;
  }

  /** Asks how far the sidecar has come, where that is not asked already. */
  confirmSoon(): void {
    if (!this.#isPinging) this.#sendPing();
  }

  close(): void {
    const state = this.#state;
    if (!this.#advance({ name: "close" })) return;
    if (state.name === "connecting") state.transport.abort();
    else if ("transport" in state) state.transport.close(NORMAL_CLOSE, "");
  }

  #advance(event: ConnectionEvent): boolean {
    const state = advanceConnection(this.#state, event);
    if (!state) return false;
    // Draining is a way of being open: its heartbeat goes on.
    if (event.name !== "drain") {
      this.#disarm();
      this.#disarm = () => {};
    }
    this.#state = state;
    return true;
  }

  #arm(delayMs: number, callback: () => void): void {
    this.#disarm = this.#options.clock.schedule(delayMs, callback);
  }

  #connect(): void {
    const isCurrent = (): boolean =>
      "transport" in this.#state && this.#state.transport === transport;
    // What a transport that was let go of still has to say belongs to no connection.
    const transport = this.#options.openTransport({
      opened: () => isCurrent() && this.#guard(() => this.#greet(transport)),
      received: (bytes) => isCurrent() && this.#guard(() => this.#receive(bytes)),
      lost: (why, isRefused) =>
        isCurrent() && this.#guard(() => this.#fail(why, isRefused ? "refused" : "by itself")),
    });
    this.#attempts++;
    this.#advance({ name: "attempt", transport });
    this.#arm(GREETING_TIMEOUT_MS, () => this.#fail("the sidecar did not answer in time"));
  }

  /** What is thrown in a socket's callback would end the game's process. */
  #guard(act: () => void): void {
    try {
      act();
    } catch (error) {
      this.#events.faulted(error);
    }
  }

  #greet(transport: Transport): void {
    if (!this.#advance({ name: "connected" })) return;
    this.#arm(GREETING_TIMEOUT_MS, () => this.#fail("the sidecar did not welcome us in time"));
    const { clientName, session } = this.#options;
    transport.send(
      encode({
        kind: "hello",
        minor: PROTOCOL_MINOR,
        capabilities: [...OFFERED],
        client: clientName,
        session: session(),
      }),
    );
  }

  #receive(bytes: Uint8Array): void {
    this.#lastReceivedMs = this.#nowMs;
    let message: ReturnType<typeof decodeDown>;
    try {
      message = decodeDown(bytes);
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      return this.#breach(error);
    }
    if (this.#state.name === "greeting") return this.#answered(message);
    switch (message.kind) {
      case "ping":
        this.send({ kind: "pong", nonce: message.nonce });
        return;
      case "pong":
        return this.#ponged(message.nonce);
      case "welcome":
        return this.#breach(new ProtocolError("unexpected_message", "a second welcome"));
      case "drain":
        this.#advance({ name: "drain" });
        return;
      case "unknown":
        return this.#unknown(message.type);
      default:
        return this.#events.received(message);
    }
  }

  /** What came in answer to hello. */
  #answered(message: ReturnType<typeof decodeDown>): void {
    if (message.kind === "error") {
      return this.#fail(`the sidecar refused us: ${message.code}: ${message.message}`);
    }
    if (message.kind !== "welcome") {
      return this.#breach(
        new ProtocolError("unexpected_message", `${message.kind} before welcome`),
      );
    }
    if (message.resumed && !this.#options.session()) {
      // Its window ended between hello and welcome; a good-bye ends it at the sidecar too.
      const leave = (transport: Transport): void => transport.close(NORMAL_CLOSE, "");
      return this.#fail("the session had been given up", "by itself", leave);
    }
    if (!this.#advance({ name: "welcome", welcome: message })) return;
    this.#failures = 0;
    this.#attempts = 0;
    this.#told = undefined;
    this.#pongs = 0;
    this.#watch(message.heartbeatMs);
    this.#events.opened(message);
    this.#sendPing();
  }

  #unknown(type: number): void {
    const message = `this client does not know the message type ${type}`;
    this.#events.trouble(message);
    this.send({
      kind: "error",
      code: "unknown_type",
      message,
      room: null,
      line: null,
      scene: null,
    });
  }

  /** Tells the sidecar what it did wrong, and lets go of it. */
  #breach({ code, message }: ProtocolError): void {
    const letGo = (transport: Transport): void => {
      transport.send(encode({ kind: "error", code, message, room: null, line: null, scene: null }));
      transport.close(codeEntry(code).closeCode ?? BREACH_CLOSE, code);
    };
    this.#fail(`the sidecar broke the protocol: ${code}: ${message}`, "for a breach", letGo);
  }

  /** Pings each interval, which also measures the round trip; two silent intervals are the end. */
  #watch(heartbeatMs: number, pingMs = this.#nowMs + heartbeatMs): void {
    const goneMs = this.#lastReceivedMs + 2 * heartbeatMs;
    this.#arm(Math.min(pingMs, goneMs) - this.#nowMs, () => {
      // Where the loop was blocked an answer may wait in the socket: it is read first.
      if (this.#nowMs >= goneMs) return this.#arm(0, () => this.#doubt(heartbeatMs, goneMs));
      const isDue = this.#nowMs >= pingMs;
      this.#watch(heartbeatMs, isDue ? this.#nowMs + heartbeatMs : pingMs);
      if (isDue) this.#sendPing();
    });
  }

  #doubt(heartbeatMs: number, goneMs: number): void {
    if (this.#lastReceivedMs + 2 * heartbeatMs > goneMs) return this.#watch(heartbeatMs, goneMs);
    this.#fail("the sidecar fell silent");
  }

  get #nowMs(): number {
    return this.#options.clock.nowMs();
  }

  #sendPing(): void {
    const nonce = ((this.#ping?.nonce ?? 0) + 1) >>> 0;
    this.#ping = { nonce, sentMs: this.#nowMs, after: this.#sent };
    this.#isPinging = this.send({ kind: "ping", nonce });
  }

  #ponged(nonce: number): void {
    if (nonce !== this.#ping?.nonce) return;
    this.#isPinging = false;
    this.#pongs++;
    this.#events.confirmed(this.#ping.after);
    // The first one queued behind rooms and characters: that is no measure of the way.
    if (this.#pongs > 1) this.#roundTrip.sample(this.#nowMs - this.#ping.sentMs);
    if (this.#pongs < FIRST_PINGS) this.#sendPing();
  }

  #fail(
    why: string,
    how: Loss = "by itself",
    letGo = (transport: Transport): void => transport.abort(),
  ): void {
    const before = this.#state;
    if (!("transport" in before)) return;
    const attempt = this.#failures++;
    if (!this.#advance({ name: "failed", attempt, why })) return;
    letGo(before.transport);
    this.#retryLater(attempt);
    if ("welcome" in before) return this.#events.lost(why, how);
    this.#events.unreachable(how);
    if (why !== this.#told) this.#events.trouble(why);
    this.#told = why;
  }

  #retryLater(attempt: number): void {
    this.#arm(backoffDelayMs(attempt, this.#options.random()), () => {
      try {
        this.#connect();
      } catch (error) {
        this.#events.trouble(`no connection could be opened: ${String(error)}`);
        this.#retryLater(this.#failures++);
      }
    });
  }
}
