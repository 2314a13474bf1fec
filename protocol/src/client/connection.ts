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

export interface ConnectionEvents {
  opened(welcome: Welcome): void;
  received(message: Exclude<Down, { kind: "welcome" | "ping" | "pong" | "drain" }>): void;
  /** The connection was open and is lost; another attempt follows by itself. */
  lost(why: string): void;
  /** Something an operator may want to know; never fatal. */
  trouble(why: string): void;
}

export interface ConnectionOptions {
  readonly openTransport: OpenTransport;
  readonly clientName: string;
  readonly clock: Clock;
  readonly random: () => number;
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

/** One connection to the sidecar that comes back by itself, with jittered back-off. */
export class Connection {
  readonly #options: ConnectionOptions;
  readonly #events: ConnectionEvents;
  readonly #roundTrip = new RoundTrip();
  #state: ConnectionState = { name: "idle" };
  #failures = 0;
  #disarm: () => void = () => {};
  #lastReceivedMs = 0;
  #ping: { readonly nonce: number; readonly sentMs: number } | undefined;
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

  start(): void {
    if (this.#state.name === "idle") this.#connect();
  }

  /** Sends if the connection is open, and says whether it was. */
  send(message: Up): boolean {
    if (this.#state.name !== "open" && this.#state.name !== "draining") return false;
    const { transport } = this.#state;
    if (transport.bufferedBytes > MAX_BUFFERED_BYTES) {
      this.#fail("the sidecar has stopped reading");
      return false;
    }
    transport.send(encode(message));
    return true;
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
      opened: () => isCurrent() && this.#greet(transport),
      received: (bytes) => isCurrent() && this.#receive(bytes),
      lost: (why) => isCurrent() && this.#fail(why),
    });
    this.#advance({ name: "attempt", transport });
    this.#arm(GREETING_TIMEOUT_MS, () => this.#fail("the sidecar did not answer in time"));
  }

  #greet(transport: Transport): void {
    if (!this.#advance({ name: "connected" })) return;
    this.#arm(GREETING_TIMEOUT_MS, () => this.#fail("the sidecar did not welcome us in time"));
    const { clientName } = this.#options;
    transport.send(
      encode({
        kind: "hello",
        minor: PROTOCOL_MINOR,
        capabilities: [],
        client: clientName,
        session: null,
      }),
    );
  }

  #receive(bytes: Uint8Array): void {
    this.#lastReceivedMs = this.#options.clock.nowMs();
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
    if (!this.#advance({ name: "welcome", welcome: message })) return;
    this.#failures = 0;
    this.#told = undefined;
    this.#pongs = 0;
    this.#sendPing();
    this.#watch(message.heartbeatMs);
    this.#events.opened(message);
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
    this.#fail(`the sidecar broke the protocol: ${code}: ${message}`, (transport) => {
      transport.send(encode({ kind: "error", code, message, room: null, line: null, scene: null }));
      transport.close(codeEntry(code).closeCode ?? BREACH_CLOSE, code);
    });
  }

  /** Pings each interval, which also measures the round trip; two silent intervals are the end. */
  #watch(heartbeatMs: number): void {
    this.#arm(heartbeatMs, () => {
      if (this.#options.clock.nowMs() - this.#lastReceivedMs >= 2 * heartbeatMs) {
        return this.#fail("the sidecar fell silent");
      }
      this.#watch(heartbeatMs);
      this.#sendPing();
    });
  }

  #sendPing(): void {
    const nonce = ((this.#ping?.nonce ?? 0) + 1) >>> 0;
    this.#ping = { nonce, sentMs: this.#options.clock.nowMs() };
    this.send({ kind: "ping", nonce });
  }

  #ponged(nonce: number): void {
    if (nonce !== this.#ping?.nonce) return;
    this.#pongs++;
    // The first one queued behind rooms and characters: that is no measure of the way.
    if (this.#pongs > 1) this.#roundTrip.sample(this.#options.clock.nowMs() - this.#ping.sentMs);
    if (this.#pongs < FIRST_PINGS) this.#sendPing();
  }

  #fail(why: string, letGo = (transport: Transport): void => transport.abort()): void {
    const before = this.#state;
    if (!("transport" in before)) return;
    const attempt = this.#failures++;
    if (!this.#advance({ name: "failed", attempt, why })) return;
    letGo(before.transport);
    this.#retryLater(attempt);
    if ("welcome" in before) return this.#events.lost(why);
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
