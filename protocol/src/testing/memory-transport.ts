import type { OpenTransport, Transport } from "../client/transport.ts";
import type { Clock } from "../clock.ts";

/** The other end of a connection: gets what it sends with, says what it wants to be told. */
export type Accept = (transport: Transport) => AcceptedEvents;

export interface AcceptedEvents {
  received(bytes: Uint8Array): void;
  /** `closeCode` is what the other end closed it with; 1006 where it did not. */
  lost(why: string, closeCode: number): void;
}

const NOT_CLOSED = 1006;

export interface MemoryTransportOptions {
  /** Carries the messages: none arrives in the turn in which it was sent. */
  readonly clock: Clock;
  readonly accept: Accept;
  /** From client to sidecar and back; may differ. */
  readonly upDelayMs?: number;
  readonly downDelayMs?: number;
  /** Whether an abort loses what is under way, as it may on a network; it arrives unless said so. */
  readonly abortLoses?: boolean;
}

/** Carries whole messages between two ends in one process, in order, with a delay each way. */
export function memoryTransport(options: MemoryTransportOptions): OpenTransport {
  return (events) => {
    const link = new Link(options);
    const up = link.way(options.upDelayMs ?? 0);
    const down = link.way(options.downDelayMs ?? 0);
    const server = options.accept(down.transport);
    up.to = server;
    down.to = {
      received: (bytes) => events.received(bytes),
      lost: (why) => events.lost(why, false),
    };
    down.later(() => events.opened());
    return up.transport;
  };
}

/** One connection; both ways end when either end lets go. */
class Link {
  readonly #options: MemoryTransportOptions;
  readonly #ways: Way[] = [];
  #isUp = true;

  constructor(options: MemoryTransportOptions) {
    this.#options = options;
  }

  get isUp(): boolean {
    return this.#isUp;
  }

  way(delayMs: number): Way {
    const way = new Way(this, this.#options.clock, delayMs);
    this.#ways.push(way);
    return way;
  }

  /** Ends the connection: each end is told after what was sent to it. */
  end(why: string, closeCode = NOT_CLOSED): void {
    if (!this.#isUp) return;
    const isLossy = this.#options.abortLoses === true && closeCode === NOT_CLOSED;
    if (isLossy) for (const way of this.#ways) way.lose();
    for (const way of this.#ways) way.later(() => way.to?.lost(why, closeCode));
    this.#isUp = false;
  }
}

/** One direction of a connection. */
class Way {
  to: AcceptedEvents | undefined;
  readonly transport: Transport;
  readonly #link: Link;
  readonly #clock: Clock;
  readonly #delayMs: number;
  readonly #sent: (() => void)[] = [];
  #arrived = 0;
  #isDelivering = false;
  #bufferedBytes = 0;

  constructor(link: Link, clock: Clock, delayMs: number) {
    this.#link = link;
    this.#clock = clock;
    this.#delayMs = delayMs;
    const bufferedBytes = (): number => this.#bufferedBytes;
    this.transport = {
      send: (bytes) => this.#send(bytes),
      close: (code, reason) => link.end(`closed with code ${code} ${reason}`.trim(), code),
      abort: () => link.end("aborted"),
      get bufferedBytes() {
        return bufferedBytes();
      },
    };
  }

  later(callback: () => void): void {
    if (!this.#link.isUp) return;
    this.#sent.push(callback);
    this.#clock.schedule(this.#delayMs, () => this.#deliver());
  }

  /** What is under way never arrives. */
  lose(): void {
    this.#sent.fill(() => {});
  }

  /** A receiver that checks the clock lets the next message arrive: it waits for its turn. */
  #deliver(): void {
    this.#arrived++;
    if (this.#isDelivering) return;
    this.#isDelivering = true;
    try {
      for (; this.#arrived > 0; this.#arrived--) this.#sent.shift()?.();
    } finally {
      this.#isDelivering = false;
    }
  }

  #send(bytes: Uint8Array): void {
    const copy = Uint8Array.from(bytes);
    this.#bufferedBytes += copy.length;
    this.later(() => {
      this.#bufferedBytes -= copy.length;
      this.to?.received(copy);
    });
  }
}
