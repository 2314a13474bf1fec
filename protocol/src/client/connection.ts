import type { Clock } from "../clock.ts";
import { ProtocolError } from "../codes.ts";
import { decodeDown, encode } from "../codec.ts";
import type { Down } from "../down.ts";
import type { Welcome } from "../messages/welcome.ts";
import type { Up } from "../up.ts";
import { PROTOCOL_MINOR } from "../version.ts";
import { backoffDelayMs } from "./backoff.ts";
import { RoundTrip } from "./round-trip.ts";
import type { OpenTransport, Transport } from "./transport.ts";

export type ConnectionState =
  | { readonly name: "connecting"; readonly transport: Transport }
  | { readonly name: "greeting"; readonly transport: Transport }
  | { readonly name: "open"; readonly transport: Transport; readonly welcome: Welcome }
  | { readonly name: "waiting"; readonly attempt: number; readonly why: string }
  | { readonly name: "closed" };

export interface ConnectionEvents {
  opened(welcome: Welcome): void;
  received(message: Exclude<Down, { kind: "welcome" | "ping" | "pong" }>): void;
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
/** More than this waiting to be sent means that the sidecar has stopped reading. */
const MAX_BUFFERED_BYTES = 1_048_576;
const NORMAL_CLOSE = 1000;

/** One connection to the sidecar that comes back by itself, with jittered back-off. */
export class Connection {
  readonly #options: ConnectionOptions;
  readonly #events: ConnectionEvents;
  readonly #roundTrip = new RoundTrip();
  #state: ConnectionState = { name: "closed" };
  #failures = 0;
  #generation = 0;
  #disarm: () => void = () => {};
  #lastReceivedMs = 0;
  #pingNonce = 0;
  #pingSentMs: number | undefined;

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
    if (this.#state.name === "closed") this.#connect();
  }

  /** Sends if the connection is open, and says whether it was. */
  send(message: Up): boolean {
    if (this.#state.name !== "open") return false;
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
    this.#setState({ name: "closed" });
    if (state.name === "open" || state.name === "greeting") {
      state.transport.close(NORMAL_CLOSE, "");
    } else if (state.name === "connecting") {
      state.transport.abort();
    }
  }

  #setState(state: ConnectionState): void {
    this.#disarm();
    this.#disarm = () => {};
    if (state.name === "waiting" || state.name === "closed") this.#generation++;
    this.#state = state;
  }

  #arm(delayMs: number, callback: () => void): void {
    this.#disarm = this.#options.clock.schedule(delayMs, callback);
  }

  #connect(): void {
    const generation = ++this.#generation;
    const current = (): boolean => generation === this.#generation;
    const transport = this.#options.openTransport({
      opened: () => current() && this.#greet(transport),
      received: (bytes) => current() && this.#receive(bytes),
      lost: (why) => current() && this.#fail(why),
    });
    this.#setState({ name: "connecting", transport });
    this.#arm(GREETING_TIMEOUT_MS, () => this.#fail("the sidecar did not answer in time"));
  }

  #greet(transport: Transport): void {
    this.#setState({ name: "greeting", transport });
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
      return this.#fail(`the sidecar broke the protocol: ${error.code}: ${error.message}`);
    }
    if (this.#state.name === "greeting" && message.kind === "welcome") return this.#open(message);
    if (this.#state.name === "greeting" && message.kind === "error") {
      return this.#fail(`the sidecar refused us: ${message.code}: ${message.message}`);
    }
    if (this.#state.name !== "open") return this.#fail(`${message.kind} before welcome`);
    switch (message.kind) {
      case "ping":
        this.send({ kind: "pong", nonce: message.nonce });
        return;
      case "pong":
        return this.#ponged(message.nonce);
      case "welcome":
        return this.#events.trouble("a second welcome was ignored");
      case "unknown":
        return this.#events.trouble(`a message of the unknown type ${message.type} was ignored`);
      default:
        return this.#events.received(message);
    }
  }

  #open(welcome: Welcome): void {
    const state = this.#state;
    if (state.name !== "greeting") return;
    this.#setState({ name: "open", transport: state.transport, welcome });
    this.#failures = 0;
    this.#ping();
    this.#watch(welcome.heartbeatMs);
    this.#events.opened(welcome);
  }

  /** Pings each interval, which also measures the round trip; two silent intervals are the end. */
  #watch(heartbeatMs: number): void {
    this.#arm(heartbeatMs, () => {
      if (this.#options.clock.nowMs() - this.#lastReceivedMs >= 2 * heartbeatMs) {
        return this.#fail("the sidecar fell silent");
      }
      this.#ping();
      this.#watch(heartbeatMs);
    });
  }

  #ping(): void {
    this.#pingNonce = (this.#pingNonce + 1) >>> 0;
    this.#pingSentMs = this.#options.clock.nowMs();
    this.send({ kind: "ping", nonce: this.#pingNonce });
  }

  #ponged(nonce: number): void {
    if (nonce !== this.#pingNonce || this.#pingSentMs === undefined) return;
    this.#roundTrip.sample(this.#options.clock.nowMs() - this.#pingSentMs);
    this.#pingSentMs = undefined;
  }

  #fail(why: string): void {
    const state = this.#state;
    if (state.name === "closed" || state.name === "waiting") return;
    const attempt = this.#failures++;
    this.#setState({ name: "waiting", attempt, why });
    state.transport.abort();
    this.#arm(backoffDelayMs(attempt, this.#options.random()), () => this.#connect());
    if (state.name === "open") this.#events.lost(why);
    else this.#events.trouble(why);
  }
}
