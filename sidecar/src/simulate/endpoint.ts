import { MAX_WAITING_CUES, MIN_PROMPT_SIMILARITY } from "../config.ts";
import { type Decision, Scheduler } from "../policy/scheduler.ts";
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
  cancel: () => void;
}

/** What the slots were used for, in slot-milliseconds. */
export interface SlotUse {
  readonly busyMs: number;
  readonly zombieMs: number;
  /** Slots that were taken by generations that had been given up. */
  readonly zombies: number;
}

const NOTHING = (): void => {};
/** For warm-ups and canaries, which nobody waits for. */
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
  #use = { busyMs: 0, zombieMs: 0, zombies: 0 };
  #usedMs: number;
  #last = { inFlight: 0, zombies: 0 };

  constructor(
    scenario: EndpointScenario,
    engine: SimulatedEngine,
    clock: VirtualClock,
    prefixes: readonly string[],
  ) {
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
    for (const prefix of prefixes) this.scheduler.warmth.keep(prefix);
    this.health = new Health({
      clock,
      engine,
      probe: (asker) => this.ask(asker, canary([GREETING]), 1),
      giveUp: (ticket) => this.leave(ticket),
      isUnused: () => {
        const { inFlight, zombies, waiting } = this.scheduler;
        return inFlight + zombies + waiting === 0;
      },
      forgetCaches: () => this.scheduler.forgetCaches(memoryCharsOf(scenario)),
      onWatch: () => this.#warmUp(),
    });
  }

  get use(): SlotUse {
    this.#account();
    return this.#use;
  }

  start(): void {
    this.health.start();
  }

  /** Asks for a generation of so many tokens. */
  ask(asker: Asker, wish: Wish, tokens: number): Ticket {
    const ticket: Ticket = { asker, wish, tokens, cancel: NOTHING };
    this.#carryOut(this.scheduler.ask(ticket, wish, this.#clock.nowMs));
    return ticket;
  }

  /** Gives up: leaves the queue, or is cancelled upstream. */
  leave(ticket: Ticket): void {
    ticket.cancel();
    this.#carryOut(this.scheduler.leave(ticket, this.#clock.nowMs));
  }

  #carryOut(decisions: readonly Decision<Ticket>[]): void {
    for (const { do: what, owner } of decisions) {
      if (what === "grant") this.#send(owner);
      if (what === "shed") owner.asker.shed();
      if (what === "preempt") {
        owner.cancel();
        owner.asker.preempted();
      }
    }
    this.#account();
    this.#arm();
  }

  #send(ticket: Ticket): void {
    const { asker, wish, tokens } = ticket;
    asker.granted();
    ticket.cancel = this.#engine.generate(wish.prompt, tokens, {
      first: () => {
        this.scheduler.first(ticket, this.#clock.nowMs);
        this.health.answered();
        asker.first();
      },
      done: (usage) => {
        ticket.cancel = NOTHING;
        this.#carryOut(this.scheduler.done(ticket, usage, this.#clock.nowMs));
        asker.done();
      },
      failed: () => {
        ticket.cancel = NOTHING;
        this.health.suspect();
        asker.failed();
        this.#carryOut(this.scheduler.failed(ticket, this.#clock.nowMs));
      },
    });
  }

  /** Reads a prefix that waits for it, as long as no cue wants the slot. */
  #warmUp(): void {
    const { scheduler } = this;
    if (!this.health.isWell || !scheduler.hasFree || scheduler.waiting > 0) return;
    const prefix = scheduler.nextToWarm();
    if (prefix === undefined) return;
    this.ask({ ...QUIET, done: () => this.#warmUp() }, canary([prefix, GREETING]), 1);
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
    this.#use = {
      busyMs: this.#use.busyMs + sinceMs * this.#last.inFlight,
      zombieMs: this.#use.zombieMs + sinceMs * this.#last.zombies,
      zombies: this.#use.zombies + Math.max(0, zombies - this.#last.zombies),
    };
    this.#usedMs = nowMs;
    this.#last = { inFlight, zombies };
  }
}

function canary(prompt: readonly string[]): Wish {
  return { priority: "ambient", room: "canary", deadlineMs: Infinity, prompt };
}
