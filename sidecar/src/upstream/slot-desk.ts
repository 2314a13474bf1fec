import type { Clock } from "@banterwire/protocol";
import { Slots } from "../policy/fifo-slots.ts";
import type {
  Failure,
  Generation,
  GenerationEvents,
  GenerationRequest,
  SlotRequest,
} from "./upstream.ts";

/** Opens one generation upstream; its events go through the desk. */
export type Dispatch = (granted: GenerationRequest) => void;

export interface SlotDeskOptions {
  readonly slots: number;
  readonly maxWaiting: number;
  /** How long a request that was cancelled before its first chunk keeps its slot busy. */
  readonly zombieHoldMs: number;
  readonly clock: Clock;
}

/**
 * A wish at the desk, and what its generation tells on the way to it: one object in place of a
 * closure for each event, for there is nothing that happens more often than a token.
 */
class Ticket implements GenerationEvents {
  readonly wish: SlotRequest;
  readonly dispatch: Dispatch;
  readonly #clock: Clock;
  readonly #finish: (ticket: Ticket) => void;
  phase: "waiting" | "sent" | "streaming" | "over" = "waiting";

  constructor(
    wish: SlotRequest,
    dispatch: Dispatch,
    clock: Clock,
    finish: (ticket: Ticket) => void,
  ) {
    this.wish = wish;
    this.dispatch = dispatch;
    this.#clock = clock;
    this.#finish = finish;
  }

  sent(): void {
    this.wish.events.sent();
  }

  text(piece: string): void {
    // A deadline that has passed is not met by text that comes after it.
    this.#clock.check();
    if (this.phase === "over") return;
    this.phase = "streaming";
    this.wish.events.text(piece);
  }

  done(generation: Generation): void {
    this.#finish(this);
    this.wish.events.done(generation);
  }

  failed(failure: Failure): void {
    this.#finish(this);
    this.wish.events.failed(failure);
  }
}

/** Hands out an endpoint's slots and keeps the books of what is in flight. */
export class SlotDesk {
  readonly #options: SlotDeskOptions;
  readonly #slots: Slots<Ticket>;
  #quiet: PromiseWithResolvers<void> | undefined;
  #opens = 0;
  #closes = 0;

  constructor(options: SlotDeskOptions) {
    this.#options = options;
    this.#slots = new Slots(options.slots, options.maxWaiting);
  }

  get books(): SlotBooks {
    const { total, inFlight, zombies, waiting } = this.#slots;
    return { slots: total, inFlight, zombies, waiting, opens: this.#opens, closes: this.#closes };
  }

  /** Changes how many generations may run at once; those that run are not stopped. */
  resize(slots: number): void {
    for (const ticket of this.#slots.resize(slots)) this.#run(ticket);
  }

  /** Resolves when nothing runs and nobody waits. */
  whenQuiet(): Promise<void> {
    if (this.#isQuiet) return Promise.resolve();
    this.#quiet ??= Promise.withResolvers();
    return this.#quiet.promise;
  }

  get #isQuiet(): boolean {
    return this.#slots.inFlight === 0 && this.#slots.waiting === 0;
  }

  /** Nothing of ours is at work upstream, zombies included. */
  get isUnused(): boolean {
    return this.#isQuiet && this.#slots.zombies === 0;
  }

  get isIdle(): boolean {
    return this.#slots.hasFree && this.#slots.waiting === 0;
  }

  /** Dispatches the wish now or when a slot is free; nothing happens to an aborted one. */
  request(wish: SlotRequest, dispatch: Dispatch): void {
    if (wish.signal.aborted) return;
    const ticket = new Ticket(wish, dispatch, this.#options.clock, this.#finish);
    const answer = this.#slots.request(ticket);
    if (answer === "refused") return wish.refused();
    wish.signal.addEventListener("abort", () => this.#abandon(ticket), { once: true });
    if (answer === "granted") this.#run(ticket);
  }

  #run(ticket: Ticket): void {
    const { wish } = ticket;
    ticket.phase = "sent";
    this.#opens++;
    wish.granted();
    ticket.dispatch({ request: wish.request, signal: wish.signal, events: ticket });
  }

  readonly #finish = (ticket: Ticket): void => {
    if (ticket.phase === "over") return;
    ticket.phase = "over";
    this.#closes++;
    this.#grant(this.#slots.release(ticket));
  };

  #abandon(ticket: Ticket): void {
    if (ticket.phase === "waiting") {
      this.#slots.leave(ticket);
      return this.#tellIfQuiet();
    }
    if (ticket.phase === "streaming" || this.#options.zombieHoldMs === 0) {
      // In generation an engine notices within a token or two.
      return this.#finish(ticket);
    }
    if (ticket.phase === "over") return;
    ticket.phase = "over";
    this.#closes++;
    this.#slots.abandon(ticket);
    this.#options.clock.schedule(this.#options.zombieHoldMs, () => this.#grant(this.#slots.bury()));
    this.#tellIfQuiet();
  }

  #grant(ticket: Ticket | undefined): void {
    if (ticket) this.#run(ticket);
    this.#tellIfQuiet();
  }

  #tellIfQuiet(): void {
    if (!this.#isQuiet) return;
    this.#quiet?.resolve();
    this.#quiet = undefined;
  }
}

/** What is in flight at an endpoint. */
export interface SlotBooks {
  readonly slots: number;
  readonly inFlight: number;
  readonly zombies: number;
  readonly waiting: number;
  /** Generations begun and ended since start; equal when nothing is in flight. */
  readonly opens: number;
  readonly closes: number;
}
