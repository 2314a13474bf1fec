import type { Clock } from "@banterwire/protocol";
import { type Decision, Scheduler, type SchedulerOptions } from "../policy/scheduler.ts";
import type { Offer } from "../policy/spill-over.ts";
import type { Warmth } from "../policy/warmth.ts";
import type { Wish } from "../policy/wish.ts";
import type {
  Failure,
  Generation,
  GenerationEvents,
  GenerationRequest,
  SlotRequest,
} from "./upstream.ts";

/** Opens one generation upstream; its events go through the desk. */
export type Dispatch = (granted: GenerationRequest) => void;

export interface SlotDeskOptions extends SchedulerOptions {
  readonly clock: Clock;
  /**
   * A generation was given up before its first chunk, for a reason that stands in its signal.
   * `isGamble`: it was sent although it was not likely to make it.
   */
  readonly onVain: (reason: unknown, isGamble: boolean) => void;
  /**
   * Whether to give up a request that has no chunk yet could kill the load of a model. Then it stays
   * in its slot, heard by nobody, until it has a chunk or `releaseHeld` is called.
   */
  readonly isLoadAtStake: () => boolean;
}

/** What a ticket tells its desk. */
interface TicketDesk {
  readonly clock: Clock;
  first(ticket: Ticket): void;
  done(ticket: Ticket, generation: Generation): void;
  failed(ticket: Ticket): void;
}

/**
 * A wish at the desk, and what its generation tells on the way to it: one object in place of a
 * closure for each event, for there is nothing that happens more often than a token.
 */
class Ticket implements GenerationEvents {
  readonly wish: SlotRequest;
  readonly dispatch: Dispatch;
  readonly #desk: TicketDesk;
  /** Ends the request upstream, which may have to outlive the wish. */
  readonly upstream = new AbortController();
  phase: "waiting" | "sent" | "held" | "streaming" | "over" = "waiting";

  constructor(wish: SlotRequest, dispatch: Dispatch, desk: TicketDesk) {
    this.wish = wish;
    this.dispatch = dispatch;
    this.#desk = desk;
  }

  sent(): void {
    this.wish.events.sent();
  }

  text(piece: string): void {
    // A deadline that has passed is not met by text that comes after it.
    this.#desk.clock.check();
    if (this.phase === "over") return;
    if (this.phase !== "streaming") this.#desk.first(this);
    if (this.phase === "streaming") this.wish.events.text(piece);
  }

  done(generation: Generation): void {
    const isHeard = this.phase !== "held";
    this.#desk.done(this, generation);
    if (isHeard) this.wish.events.done(generation);
  }

  failed(failure: Failure): void {
    const isHeard = this.phase !== "held";
    this.#desk.failed(this);
    if (isHeard) this.wish.events.failed(failure);
  }
}

/** Carries out what an endpoint's scheduler decides, and keeps the books of what is in flight. */
export class SlotDesk {
  readonly #clock: Clock;
  readonly #scheduler: Scheduler<Ticket>;
  readonly #ticketDesk: TicketDesk;
  readonly #onVain: SlotDeskOptions["onVain"];
  readonly #isLoadAtStake: () => boolean;
  readonly #held = new Set<Ticket>();
  #timer: { readonly dueMs: number; readonly cancel: () => void } | undefined;
  #quiet: PromiseWithResolvers<void> | undefined;
  #opens = 0;
  #closes = 0;

  constructor(options: SlotDeskOptions) {
    const { clock, onVain, isLoadAtStake } = options;
    this.#clock = clock;
    this.#onVain = onVain;
    this.#isLoadAtStake = isLoadAtStake;
    this.#scheduler = new Scheduler(options);
    this.#ticketDesk = {
      clock,
      first: (ticket) => this.#first(ticket),
      done: (ticket, generation) => this.#done(ticket, generation),
      failed: (ticket) => this.#failed(ticket),
    };
  }

  get books(): SlotBooks {
    const { slots, inFlight, zombies, waiting, prefixCapacity, predictor } = this.#scheduler;
    return {
      slots,
      inFlight,
      held: this.#held.size,
      zombies,
      waiting,
      opens: this.#opens,
      closes: this.#closes,
      prefixes: { ...this.#scheduler.warmth.counts, capacity: prefixCapacity },
      predictor: {
        observations: predictor.observations,
        msPerToken: predictor.msPerToken,
        charsPerToken: predictor.charsPerToken,
        overheadMs: predictor.overheadMs ?? null,
        loadMs: predictor.loadMs,
      },
    };
  }

  /** Generations begun since start. */
  get opens(): number {
    return this.#opens;
  }

  /** The characters' prefixes at this endpoint. */
  get warmth(): Warmth {
    return this.#scheduler.warmth;
  }

  /** The prefix to warm next, if any; counts as a warm-up of it. */
  nextToWarm(): string | undefined {
    return this.#scheduler.nextToWarm();
  }

  /** Whether a prefix that is to be warm is not. */
  get isAnyToWarm(): boolean {
    return this.#scheduler.isAnyToWarm;
  }

  /** How many characters of prompt after a prefix are likely to be read and answered in time. */
  charsAfter(prefix: string, deadlineMs: number): number {
    return this.#scheduler.charsAfter(prefix, deadlineMs, this.#clock.nowMs());
  }

  /** The engine was loaded anew; its memory holds so many tokens of prompts without a slot. */
  forgetCaches(memoryTokens: number): void {
    this.#scheduler.forgetCaches(memoryTokens * this.#scheduler.predictor.charsPerToken);
  }

  /** Changes how many generations may run at once; those that run are not stopped. */
  resize(slots: number): void {
    this.#apply(this.#scheduler.resize(slots, this.#clock.nowMs()));
  }

  /** Resolves when nothing runs and nobody waits. */
  whenQuiet(): Promise<void> {
    if (this.#isQuiet) return Promise.resolve();
    this.#quiet ??= Promise.withResolvers();
    return this.#quiet.promise;
  }

  get #isQuiet(): boolean {
    return this.#scheduler.inFlight === 0 && this.#scheduler.waiting === 0;
  }

  /** Nothing of ours is at work upstream, zombies included. */
  get isUnused(): boolean {
    return this.#isQuiet && this.#scheduler.zombies === 0;
  }

  get isIdle(): boolean {
    return this.#scheduler.hasFree && this.#scheduler.waiting === 0;
  }

  /** Dispatches the wish now or when it is its turn; nothing happens to an aborted one. */
  request(wish: SlotRequest, dispatch: Dispatch): void {
    if (wish.signal.aborted) return;
    const ticket = new Ticket(wish, dispatch, this.#ticketDesk);
    wish.signal.addEventListener("abort", () => this.#leave(ticket), { once: true });
    this.#apply(this.#scheduler.ask(ticket, wishOf(wish), this.#clock.nowMs()));
  }

  /** No load is at stake any more: what was given up meanwhile is. */
  releaseHeld(): void {
    for (const ticket of this.#held) this.#drop(ticket);
  }

  /** What a wish could expect if it came now. */
  offer(wish: SlotRequest): Offer {
    return this.#scheduler.offer(wishOf(wish), this.#clock.nowMs());
  }

  #first(ticket: Ticket): void {
    const isHeld = ticket.phase === "held";
    ticket.phase = "streaming";
    this.#scheduler.first(ticket, this.#clock.nowMs());
    if (isHeld) this.#drop(ticket);
  }

  #done(ticket: Ticket, generation: Generation): void {
    if (this.#close(ticket)) {
      this.#apply(this.#scheduler.done(ticket, generation, this.#clock.nowMs()));
    }
  }

  #failed(ticket: Ticket): void {
    if (this.#close(ticket)) this.#apply(this.#scheduler.failed(ticket, this.#clock.nowMs()));
  }

  #leave(ticket: Ticket): void {
    if (ticket.phase === "over") return;
    const isVain = ticket.phase === "sent";
    const isGamble = this.#scheduler.isGamble(ticket);
    if (isVain && this.#isLoadAtStake()) {
      ticket.phase = "held";
      this.#held.add(ticket);
    } else this.#drop(ticket);
    // Whoever hears of it may take it for a load, at which only the next ones are held.
    if (isVain) this.#onVain(ticket.wish.signal.reason, isGamble);
  }

  #drop(ticket: Ticket): void {
    if (ticket.phase === "waiting") ticket.phase = "over";
    else this.#close(ticket);
    ticket.upstream.abort(ticket.wish.signal.reason);
    this.#apply(this.#scheduler.leave(ticket, this.#clock.nowMs()));
  }

  /** Says whether it was open. */
  #close(ticket: Ticket): boolean {
    if (ticket.phase === "over") return false;
    ticket.phase = "over";
    this.#held.delete(ticket);
    this.#closes++;
    return true;
  }

  #apply(decisions: readonly Decision<Ticket>[]): void {
    // Before anybody is told: whoever is told may ask for more.
    this.#arm();
    for (const { do: what, owner: ticket } of decisions) {
      // What was told to one before it may have ended it.
      if (ticket.phase === "over") continue;
      if (what === "grant") this.#run(ticket);
      else if (what === "shed") this.#refuse(ticket);
      else this.#preempt(ticket);
    }
    this.#tellIfQuiet();
  }

  #run(ticket: Ticket): void {
    const { wish } = ticket;
    ticket.phase = "sent";
    this.#opens++;
    wish.granted();
    ticket.dispatch({ request: wish.request, signal: ticket.upstream.signal, events: ticket });
  }

  #refuse(ticket: Ticket): void {
    ticket.phase = "over";
    ticket.wish.refused();
  }

  #preempt(ticket: Ticket): void {
    if (ticket.phase === "sent") this.#onVain("preempted", false);
    this.#close(ticket);
    ticket.wish.preempted();
    ticket.upstream.abort(ticket.wish.signal.reason);
  }

  /** Sets the timer to what the scheduler waits for. */
  #arm(): void {
    const dueMs = this.#scheduler.nextDueMs;
    if (dueMs === this.#timer?.dueMs) return;
    this.#timer?.cancel();
    this.#timer = dueMs === undefined ? undefined : { dueMs, cancel: this.#schedule(dueMs) };
  }

  #schedule(dueMs: number): () => void {
    return this.#clock.schedule(dueMs - this.#clock.nowMs(), () => {
      this.#timer = undefined;
      this.#apply(this.#scheduler.tick(this.#clock.nowMs()));
    });
  }

  #tellIfQuiet(): void {
    if (!this.#isQuiet) return;
    this.#quiet?.resolve();
    this.#quiet = undefined;
  }
}

function wishOf({ priority, room, deadlineMs, request }: SlotRequest): Wish {
  return { priority, room, deadlineMs, prompt: request.messages.map(({ content }) => content) };
}

/** What is in flight at an endpoint, and what is known of it. */
export interface SlotBooks {
  readonly slots: number;
  readonly inFlight: number;
  /** Of those in flight, the ones that nobody hears any more: to give them up could kill a load. */
  readonly held: number;
  readonly zombies: number;
  readonly waiting: number;
  /** Generations begun and ended since start; equal when nothing is in flight. */
  readonly opens: number;
  readonly closes: number;
  /** Prefixes by state, and how many the engine has room for. */
  readonly prefixes: Warmth["counts"] & { readonly capacity: number };
  readonly predictor: {
    readonly observations: number;
    readonly msPerToken: number;
    readonly charsPerToken: number;
    readonly overheadMs: number | null;
    readonly loadMs: number;
  };
}
