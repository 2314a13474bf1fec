import { MAX_WAITING_CUES, MIN_PROMPT_SIMILARITY } from "../config.ts";
import { CANARY_TIMEOUT_MS, WEDGE_TIMEOUT_MS } from "../policy/care.ts";
import { type Decision, Scheduler } from "../policy/scheduler.ts";
import type { Offer } from "../policy/spill-over.ts";
import type { Wish } from "../policy/wish.ts";
import { memoryCharsOf, type SimulatedEngine } from "./engine.ts";
import { Health } from "./health.ts";
import type { EndpointScenario } from "./scenario.ts";
import type { VirtualClock } from "./virtual-clock.ts";

/** Who wants a generation, and is told what becomes of it. After `shed`, `preempted`, `done` and `failed` nothing more comes. */
export interface Asker {
  granted(): void;
  shed(): void;
  preempted(): void;
  first(): void;
  done(): void;
  failed(): void;
}

/** A wish on its way through the scheduler and the engine. */
export interface Ticket {
  readonly asker: Asker;
  readonly wish: Wish;
  readonly tokens: number;
  /** A warm-up or a canary: it says nothing of how cues fare. */
  readonly isOwn: boolean;
  phase: "waiting" | "sent" | "streaming" | "over";
  cancel: () => void;
}

/** What the slots were used for, in slot-milliseconds. */
export interface SlotUse {
  readonly busyMs: number;
  readonly zombieMs: number;
  /** Slots that were taken by generations that had been given up. */
  readonly zombies: number;
  /** Generations for cues that were begun. */
  readonly begun: number;
  /** Slots that were taken at one time, at most; zombies counted. */
  readonly mostAtOnce: number;
}

const UNUSED: SlotUse = { busyMs: 0, zombieMs: 0, zombies: 0, begun: 0, mostAtOnce: 0 };

const NOTHING = (): void => {};
/** For warm-ups, which nobody waits for. */
const QUIET: Asker = {
  granted: NOTHING,
  shed: NOTHING,
  preempted: NOTHING,
  first: NOTHING,
  done: NOTHING,
  failed: NOTHING,
};
/** What is asked of a prefix that is only to be read. */
const GREETING = "Hello there.";

/**
 * The sidecar's side of an endpoint: carries out what the production scheduler decides, keeps
 * prefixes warm where it has nothing else to do, and asks nothing of an engine that is not well.
 */
export class SimulatedEndpoint {
  readonly scheduler: Scheduler<Ticket>;
  readonly health: Health;
  readonly #clock: VirtualClock;
  readonly #engine: SimulatedEngine;
  #disarm: () => void = NOTHING;
  #armedMs: number | undefined;
  #use: { -readonly [Key in keyof SlotUse]: number } = { ...UNUSED };
  #usedMs: number;
  #last = { inFlight: 0, zombies: 0 };

  constructor(scenario: EndpointScenario, engine: SimulatedEngine, clock: VirtualClock) {
    const { slots, zombieHoldMs } = scenario;
    this.#clock = clock;
    this.#engine = engine;
    this.#usedMs = clock.nowMs;
    this.scheduler = new Scheduler({
      slots,
      maxWaiting: MAX_WAITING_CUES,
      zombieHoldMs,
      cache: { memoryChars: 0, minSimilarity: MIN_PROMPT_SIMILARITY },
    });
    this.health = new Health({
      clock,
      engine,
      probe: (asker) => this.#ask(asker, canary([GREETING]), 1, true),
      giveUp: (ticket) => this.leave(ticket, false),
      isUnused: () => this.#isUnused,
      forgetCaches: () => this.scheduler.forgetCaches(memoryCharsOf(scenario)),
      onWatch: () => this.#warmUp(),
    });
  }

  get use(): SlotUse {
    this.#account();
    return { ...this.#use };
  }

  /** Counts from now on. */
  clearUse(): void {
    this.#account();
    this.#use = { ...UNUSED };
  }

  start(): void {
    this.health.start();
  }

  keepWarm(prefix: string): void {
    this.scheduler.warmth.keep(prefix);
  }

  /** What a wish could expect here if it came now. */
  offer(wish: Wish): Offer {
    return this.scheduler.offer(wish, this.#clock.nowMs);
  }

  /** Asks for a generation of so many tokens. */
  ask(asker: Asker, wish: Wish, tokens: number): Ticket {
    return this.#ask(asker, wish, tokens, false);
  }

  /** Gives up: leaves the queue, or is cancelled upstream. @param isLate for want of a first token in time */
  leave(ticket: Ticket, isLate: boolean): void {
    const { phase } = ticket;
    if (phase === "over") return;
    const isGamble = this.scheduler.isGamble(ticket);
    ticket.phase = "over";
    ticket.cancel();
    this.#carryOut(this.scheduler.leave(ticket, this.#clock.nowMs));
    if (phase === "sent" && isLate) this.health.missed(isGamble);
  }

  /** Reads a prompt's start, if there is nothing else to do, to find out what it takes now. */
  tryOut(prefix: string): void {
    const { isWarm, isDoubted } = this.health;
    if (isWarm && !isDoubted && this.#isUnused) this.#read(prefix, WEDGE_TIMEOUT_MS, NOTHING);
  }

  get #isUnused(): boolean {
    const { inFlight, zombies, waiting } = this.scheduler;
    return inFlight + zombies + waiting === 0;
  }

  #ask(asker: Asker, wish: Wish, tokens: number, isOwn: boolean): Ticket {
    const ticket: Ticket = { asker, wish, tokens, isOwn, phase: "waiting", cancel: NOTHING };
    this.#carryOut(this.scheduler.ask(ticket, wish, this.#clock.nowMs));
    return ticket;
  }

  #carryOut(decisions: readonly Decision<Ticket>[]): void {
    this.#account();
    this.#arm();
    for (const { do: what, owner } of decisions) {
      // What was told to one before it may have ended it.
      if (owner.phase === "over") continue;
      if (what === "grant") {
        this.#send(owner);
        continue;
      }
      owner.phase = "over";
      owner.cancel();
      if (what === "shed") owner.asker.shed();
      else owner.asker.preempted();
    }
  }

  #send(ticket: Ticket): void {
    const { asker, wish, tokens, isOwn } = ticket;
    ticket.phase = "sent";
    if (!isOwn) this.#use.begun++;
    asker.granted();
    ticket.cancel = this.#engine.generate(wish.prompt, tokens, {
      first: () => {
        ticket.phase = "streaming";
        this.scheduler.first(ticket, this.#clock.nowMs);
        if (!isOwn) this.health.answered();
        asker.first();
      },
      done: (usage) => {
        ticket.phase = "over";
        this.#carryOut(this.scheduler.done(ticket, usage, this.#clock.nowMs));
        asker.done();
      },
      failed: () => {
        ticket.phase = "over";
        this.health.suspect();
        this.#carryOut(this.scheduler.failed(ticket, this.#clock.nowMs));
        asker.failed();
      },
    });
  }

  /** Reads a prefix that waits for it, as long as no cue wants the slot. */
  #warmUp(): void {
    const { scheduler } = this;
    const { isWell, isDoubted } = this.health;
    if (!isWell || isDoubted || !scheduler.hasFree || scheduler.waiting > 0) return;
    const prefix = scheduler.nextToWarm();
    if (prefix !== undefined) this.#read(prefix, CANARY_TIMEOUT_MS, () => this.#warmUp());
  }

  #read(prefix: string, timeoutMs: number, done: () => void): void {
    let callOff = NOTHING;
    const over = (): void => callOff();
    const whenDone = (): void => {
      callOff();
      done();
    };
    const asker = { ...QUIET, shed: over, preempted: over, failed: over, done: whenDone };
    const ticket = this.#ask(asker, canary([prefix, GREETING]), 1, true);
    if (ticket.phase === "over") return;
    callOff = this.#clock.after(timeoutMs, () => this.leave(ticket, true));
  }

  #arm(): void {
    const dueMs = this.scheduler.nextDueMs;
    if (dueMs === this.#armedMs) return;
    this.#disarm();
    this.#armedMs = dueMs;
    if (dueMs === undefined) return;
    this.#disarm = this.#clock.at(dueMs, () => {
      this.#armedMs = undefined;
      this.#carryOut(this.scheduler.tick(this.#clock.nowMs));
    });
  }

  #account(): void {
    const { inFlight, zombies } = this.scheduler;
    const { nowMs } = this.#clock;
    const sinceMs = nowMs - this.#usedMs;
    this.#use.busyMs += sinceMs * this.#last.inFlight;
    this.#use.zombieMs += sinceMs * this.#last.zombies;
    this.#use.zombies += Math.max(0, zombies - this.#last.zombies);
    this.#use.mostAtOnce = Math.max(this.#use.mostAtOnce, inFlight + zombies);
    this.#usedMs = nowMs;
    this.#last = { inFlight, zombies };
  }
}

function canary(prompt: readonly string[]): Wish {
  return { priority: "ambient", room: "canary", deadlineMs: Infinity, prompt };
}
