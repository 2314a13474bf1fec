import { type Priority, PRIORITIES } from "@banterwire/protocol";
import { CueQueue } from "./cue-queue.ts";
import { type Prediction, Predictor } from "./predictor.ts";
import type { CacheRules, Prompt } from "./prefix-ledger.ts";
import { RoomShares } from "./room-shares.ts";
import { type RunningState, Slots } from "./slots.ts";
import type { Offer } from "./spill-over.ts";
import { Warmth } from "./warmth.ts";
import type { EngineUsage, Wish } from "./wish.ts";

/**
 * What is to be done now, in this order. `grant`: send it. `shed`: it cannot make it, or there is
 * no place for it. `preempt`: cancel it upstream, its slot goes to a cue. Who is shed or pre-empted
 * is over for the scheduler.
 */
export interface Decision<Owner> {
  readonly do: "grant" | "shed" | "preempt";
  readonly owner: Owner;
}

export interface SchedulerOptions {
  /** Generations that the endpoint runs at once. */
  readonly slots: number;
  /** Cues that wait at most; past it the last in order is shed. */
  readonly maxWaiting: number;
  /**
   * How long a prefill that was cancelled may go on at most, milliseconds; 0 for an engine that
   * frees its slot at once.
   */
  readonly zombieHoldMs: number;
  readonly cache: CacheRules;
}

interface Waiting<Owner> extends Wish {
  readonly owner: Owner;
}

interface Granted<Owner> extends Waiting<Owner> {
  state: RunningState;
  /** What its room has paid for it; undefined if nobody else wanted the slot. */
  paidMs: number | undefined;
}

/** Rounds after which the first in order is served whatever its room has used. */
const MAX_ROUNDS = 16;

/**
 * Who may use the slots of one endpoint, and when: first by priority, then the earliest deadline,
 * with equal shares for rooms. Sends nothing that the predictor rules out, sheds at once what
 * waiting will not help, and takes a slot from ambience where a cue needs it. Pure: time is handed
 * in, and never goes back.
 */
export class Scheduler<Owner> {
  readonly predictor = new Predictor();
  readonly warmth = new Warmth();
  readonly #maxWaiting: number;
  /** When it was last asked for decisions. */
  #nowMs = -Infinity;
  /** Somebody was turned away since there was last a slot that nobody wanted. */
  #wasContested = false;
  readonly #slots: Slots<Granted<Owner>>;
  readonly #queue = new CueQueue<Waiting<Owner>>();
  readonly #waiting = new Map<Owner, Waiting<Owner>>();
  readonly #granted = new Map<Owner, Granted<Owner>>();
  readonly #shares: Readonly<Record<Priority, RoomShares>> = {
    reply: new RoomShares(),
    nearby: new RoomShares(),
    ambient: new RoomShares(),
  };

  constructor({ slots, maxWaiting, zombieHoldMs, cache }: SchedulerOptions) {
    this.#maxWaiting = maxWaiting;
    this.#slots = new Slots(slots, zombieHoldMs, cache, this);
  }

  get slots(): number {
    return this.#slots.total;
  }

  get inFlight(): number {
    return this.#slots.inFlight;
  }

  get zombies(): number {
    return this.#slots.zombies;
  }

  get waiting(): number {
    return this.#queue.size;
  }

  /** A wish that came now would be sent now. */
  get hasFree(): boolean {
    return this.#slots.hasFree;
  }

  /** The prefix to warm next, if any; counts as a warm-up of it. */
  nextToWarm(): string | undefined {
    return this.warmth.next(this.prefixCapacity, this.#wouldEvict);
  }

  /** Whether `nextToWarm` would name one. */
  get isAnyToWarm(): boolean {
    return this.warmth.isWanting(this.prefixCapacity, this.#wouldEvict);
  }

  readonly #wouldEvict = (prefix: string): readonly string[] =>
    this.#slots.ledger.wouldEvict([prefix]);

  /** How many prefixes the engine has room for beside each other. */
  get prefixCapacity(): number {
    return this.#slots.ledger.capacity(this.warmth.meanChars);
  }

  /** When `tick` has something to do; undefined while it has not. */
  get nextDueMs(): number | undefined {
    let dueMs = this.#slots.nextEndMs;
    const hasAmbience = this.#queue.size > 0 && this.#slots.hasAmbience;
    for (const wish of this.#queue) {
      const { lastMs, lastLikelyMs } = this.#chancesOf(wish);
      dueMs = Math.min(dueMs, lastMs);
      // Then it takes a slot from ambience; if it has had no chance to, it has none later either.
      if (hasAmbience && lastLikelyMs > this.#nowMs) dueMs = Math.min(dueMs, lastLikelyMs);
    }
    return dueMs === Infinity ? undefined : dueMs;
  }

  /** How long a prompt would take to its first chunk, were it sent now. */
  predict(prompt: Prompt, nowMs: number): Prediction {
    return this.predictor.predict(this.#slots.ledger.uncachedChars(prompt), nowMs);
  }

  /**
   * How many characters of prompt after a prefix are likely to be read and answered by the deadline,
   * were it sent now; Infinity while too little is known.
   */
  charsAfter(prefix: string, deadlineMs: number, nowMs: number): number {
    const chars = this.predictor.charsWithin(deadlineMs - nowMs);
    return Math.max(0, chars - this.#slots.ledger.uncachedChars([prefix]));
  }

  /** What a wish could expect if it came now. */
  offer(wish: Wish, nowMs: number): Offer {
    const uncachedChars = this.#slots.ledger.uncachedChars(wish.prompt);
    const { lowMs, likelyMs } = this.predictor.predict(uncachedChars, nowMs);
    const waitMs = this.#slots.freeInMs(this.#ahead(wish), "likely", nowMs);
    return { waitMs, prefillMs: this.predictor.prefillMs(uncachedChars), likelyMs, lowMs };
  }

  /** Asks for a slot. Without a decision about the owner it waits; one comes from a later call. */
  ask(owner: Owner, wish: Wish, nowMs: number): Decision<Owner>[] {
    const [prefix] = wish.prompt;
    if (prefix !== undefined && wish.priority !== "ambient") this.warmth.used(prefix);
    const decisions = this.tick(nowMs);
    if (!this.#isHopeful(wish, nowMs)) {
      this.#wasContested ||= !this.hasFree;
      return [...decisions, { do: "shed", owner }];
    }
    const waiting = { ...wish, owner };
    this.#waiting.set(owner, waiting);
    this.#queue.add(waiting);
    decisions.push(...this.#serve(nowMs));
    if (this.#waiting.has(owner)) decisions.push(...this.#turnAwayOvertaken(waiting, nowMs));
    const { last } = this.#queue;
    if (last && this.#queue.size > this.#maxWaiting) decisions.push(this.#shed(last));
    return decisions;
  }

  /** The first chunk of an owner's generation came. */
  first(owner: Owner, nowMs: number): void {
    const granted = this.#granted.get(owner);
    if (granted) this.#slots.first(granted, nowMs);
  }

  /** The engine ended an owner's generation. */
  done(owner: Owner, usage: EngineUsage, nowMs: number): Decision<Owner>[] {
    this.first(owner, nowMs);
    return this.#over(owner, usage, nowMs);
  }

  /** An owner's generation failed upstream. */
  failed(owner: Owner, nowMs: number): Decision<Owner>[] {
    return this.#over(owner, undefined, nowMs);
  }

  /** Whether an owner without a chunk yet was sent although it was not likely to make it. */
  isGamble(owner: Owner): boolean {
    const granted = this.#granted.get(owner);
    if (granted?.state.name !== "sent") return false;
    const { prediction, sentMs } = granted.state;
    // What is known of one that was given up at its deadline is that it takes at least so long.
    return prediction.likelyMs >= granted.deadlineMs - sentMs;
  }

  /** An owner gives up: it leaves the queue, or is cancelled upstream. Nothing for one that is over. */
  leave(owner: Owner, nowMs: number): Decision<Owner>[] {
    const waiting = this.#waiting.get(owner);
    if (waiting) this.#drop(waiting);
    const granted = this.#granted.get(owner);
    if (granted) this.#cancel(granted, nowMs);
    return this.tick(nowMs);
  }

  /** Buries zombies, sends who can be sent, sheds who cannot make it any more. */
  tick(nowMs: number): Decision<Owner>[] {
    this.#nowMs = nowMs;
    this.#slots.bury(nowMs);
    return this.#serve(nowMs);
  }

  /** Changes how many slots there are; who holds one keeps it. */
  resize(slots: number, nowMs: number): Decision<Owner>[] {
    this.#slots.resize(slots);
    return this.tick(nowMs);
  }

  /** The engine was loaded anew: its caches are empty, its memory is as said. */
  forgetCaches(memoryChars: number): void {
    this.#slots.ledger.clear(memoryChars);
    this.warmth.forgetAll();
  }

  /** Whether it can make it, by waiting or at the cost of ambience. */
  #isHopeful(wish: Wish, nowMs: number): boolean {
    const leftMs = wish.deadlineMs - nowMs;
    if (leftMs === Infinity) return true;
    const { lowMs } = this.predict(wish.prompt, nowMs);
    const ahead = this.#ahead(wish);
    if (this.#slots.freeInMs(ahead, "at best", nowMs) + lowMs <= leftMs) return true;
    return this.#ambienceFor(wish, ahead, nowMs) !== undefined;
  }

  /**
   * How many would be served before it. Rooms that have used up their round come after its own, if
   * that has not: else a flood's queue would turn everybody else away at the door.
   */
  #ahead(wish: Wish): number {
    const shares = this.#shares[wish.priority];
    const quantumMs = this.#slots.turnMs("on average");
    const hasCredit = ({ room }: Wish): boolean => shares.hasCredit(room, quantumMs);
    const comesFirst = hasCredit(wish);
    let count = 0;
    for (const other of this.#queue.ahead(wish)) {
      if (other === wish) continue;
      if (other.priority !== wish.priority || !comesFirst || hasCredit(other)) count++;
    }
    return count;
  }

  /** The ambience that a cue needs the slot of, if it is not likely to make it without. */
  #ambienceFor(wish: Wish, ahead: number, nowMs: number): Granted<Owner> | undefined {
    if (wish.priority === "ambient" || !this.#slots.hasAmbience) return undefined;
    const leftMs = wish.deadlineMs - nowMs;
    const { lowMs, likelyMs } = this.predict(wish.prompt, nowMs);
    const isLikely = this.#slots.freeInMs(ahead, "likely", nowMs) + likelyMs < leftMs;
    return isLikely ? undefined : this.#slots.cheapestAmbience(leftMs - lowMs, nowMs);
  }

  /** Sends who can be sent, takes slots from ambience, sheds who cannot make it any more. */
  #serve(nowMs: number): Decision<Owner>[] {
    const decisions: Decision<Owner>[] = [];
    this.#fill(nowMs, decisions);
    if (this.#queue.size === 0) {
      this.#wasContested &&= !this.hasFree;
      return decisions;
    }
    let ahead = 0;
    for (const waiting of Array.from(this.#queue)) {
      const ambience = this.#ambienceFor(waiting, ahead, nowMs);
      if (ambience) decisions.push(this.#preempt(ambience, nowMs));
      ahead++;
    }
    this.#fill(nowMs, decisions);
    for (const waiting of Array.from(this.#queue)) {
      if (this.#chancesOf(waiting).lastMs <= nowMs) decisions.push(this.#shed(waiting));
    }
    return decisions;
  }

  /** Sheds those who could have made it, had nobody come before them. */
  #turnAwayOvertaken(newcomer: Waiting<Owner>, nowMs: number): Decision<Owner>[] {
    const overtaken = Array.from(this.#queue);
    overtaken.splice(0, overtaken.indexOf(newcomer) + 1);
    // One by one: who is shed comes before nobody any more.
    return overtaken.flatMap((waiting) =>
      this.#isHopeful(waiting, nowMs) ? [] : [this.#shed(waiting)],
    );
  }

  #fill(nowMs: number, decisions: Decision<Owner>[]): void {
    while (this.#queue.size > 0 && this.#slots.hasFree) {
      const next = this.#next(nowMs, decisions);
      if (next) decisions.push(this.#grant(next, nowMs));
    }
  }

  /** The next to be served; on the way, those who cannot make it any more are shed. */
  #next(nowMs: number, decisions: Decision<Owner>[]): Waiting<Owner> | undefined {
    for (const priority of PRIORITIES) {
      const likely: Waiting<Owner>[] = [];
      const hopeful: Waiting<Owner>[] = [];
      for (const waiting of this.#queue.of(priority).slice()) {
        const { lowMs, likelyMs } = this.predict(waiting.prompt, nowMs);
        const leftMs = waiting.deadlineMs - nowMs;
        if (lowMs > leftMs) decisions.push(this.#shed(waiting));
        else if (likelyMs <= leftMs) likely.push(waiting);
        else hopeful.push(waiting);
      }
      const next = this.#firstWithCredit(priority, likely.length > 0 ? likely : hopeful);
      if (next) return next;
    }
    return undefined;
  }

  #firstWithCredit(
    priority: Priority,
    waiting: readonly Waiting<Owner>[],
  ): Waiting<Owner> | undefined {
    const shares = this.#shares[priority];
    const quantumMs = this.#slots.turnMs("on average");
    for (let round = 0; round < MAX_ROUNDS && waiting.length > 0; round++) {
      const next = waiting.find(({ room }) => shares.hasCredit(room, quantumMs));
      if (next) return next;
      shares.nextRound();
    }
    return waiting[0];
  }

  #grant(waiting: Waiting<Owner>, nowMs: number): Decision<Owner> {
    this.#drop(waiting);
    const { owner, priority, room } = waiting;
    // Who takes what nobody else wants owes nothing for it.
    const isWanted = this.#queue.size > 0 || this.#wasContested;
    const paidMs = isWanted ? this.#slots.turnMs("on average") : undefined;
    if (paidMs !== undefined) this.#shares[priority].charge(room, paidMs, paidMs);
    const granted = { ...waiting, paidMs, state: this.#slots.send(waiting, nowMs) };
    this.#slots.hold(granted);
    this.#granted.set(owner, granted);
    return { do: "grant", owner };
  }

  #preempt(ambience: Granted<Owner>, nowMs: number): Decision<Owner> {
    // Also where nobody else wanted the slot: a room pays for what its ambience costs others.
    ambience.paidMs ??= 0;
    this.#cancel(ambience, nowMs);
    return { do: "preempt", owner: ambience.owner };
  }

  #cancel(granted: Granted<Owner>, nowMs: number): void {
    const zombieMs = this.#slots.cancel(granted, nowMs);
    this.#forget(granted, nowMs + zombieMs);
  }

  #over(owner: Owner, usage: EngineUsage | undefined, nowMs: number): Decision<Owner>[] {
    const granted = this.#granted.get(owner);
    if (!granted) return [];
    this.#slots.free(granted, usage, nowMs);
    this.#forget(granted, nowMs);
    return this.tick(nowMs);
  }

  /** Its room pays for all of the time that the slot was taken. */
  #forget({ owner, priority, room, state, paidMs }: Granted<Owner>, freeMs: number): void {
    this.#granted.delete(owner);
    if (paidMs === undefined) return;
    const owedMs = freeMs - state.sentMs - paidMs;
    this.#shares[priority].charge(room, owedMs, this.#slots.turnMs("on average"));
  }

  #shed(waiting: Waiting<Owner>): Decision<Owner> {
    this.#drop(waiting);
    return { do: "shed", owner: waiting.owner };
  }

  #drop(waiting: Waiting<Owner>): void {
    this.#queue.remove(waiting);
    this.#waiting.delete(waiting.owner);
  }

  /** The last moments at which it can make it if it is sent, and at which it is likely to. */
  #chancesOf({ deadlineMs, prompt }: Waiting<Owner>): { lastMs: number; lastLikelyMs: number } {
    if (deadlineMs === Infinity) return { lastMs: Infinity, lastLikelyMs: Infinity };
    const { lowMs, likelyMs } = this.predict(prompt, -Infinity);
    return { lastMs: deadlineMs - lowMs, lastLikelyMs: deadlineMs - likelyMs };
  }
}
