import type { Prediction, Predictor } from "./predictor.ts";
import type { CacheRules, Place } from "./prefix-ledger.ts";
import { PrefixLedger } from "./prefix-ledger.ts";
import type { Warmth } from "./warmth.ts";
import type { EngineUsage, Wish } from "./wish.ts";

/** A generation that has a slot. */
export interface Running extends Wish {
  state: RunningState;
}

export type RunningState =
  /** Its prompt is being read. */
  | {
      readonly name: "sent";
      readonly sentMs: number;
      readonly place: Place;
      readonly prediction: Prediction;
    }
  /** Its first chunk has come. */
  | {
      readonly name: "streaming";
      readonly sentMs: number;
      readonly place: Place;
      readonly firstMs: number;
    };

/** A slot whose engine still works off a prefill that was given up. */
interface Zombie {
  readonly place: Place;
  readonly endMs: number;
}

/** How sure to be of when a slot is free: what one in four is done by, or four in five. */
export type Outlook = "at best" | "likely";

const SHARE = { "at best": 0.25, likely: 0.8 } as const;
/** So that a turn of an engine that costs nothing is a turn all the same. */
const MIN_TURN_MS = 1;

/**
 * An endpoint's slots. Each is free, held by a running generation, or a zombie's: a closed socket
 * is not a free slot. Tells predictor, ledger and warmth what becomes of each generation.
 */
export class Slots<Holder extends Running> {
  readonly ledger: PrefixLedger;
  readonly #predictor: Predictor;
  readonly #warmth: Warmth;
  readonly #zombieHoldMs: number;
  readonly #running = new Set<Holder>();
  #zombies: readonly Zombie[] = [];
  #total: number;

  constructor(
    total: number,
    zombieHoldMs: number,
    cache: CacheRules,
    learners: { readonly predictor: Predictor; readonly warmth: Warmth },
  ) {
    this.#total = total;
    this.#zombieHoldMs = zombieHoldMs;
    this.ledger = new PrefixLedger(total, cache);
    this.#predictor = learners.predictor;
    this.#warmth = learners.warmth;
  }

  get total(): number {
    return this.#total;
  }

  get inFlight(): number {
    return this.#running.size;
  }

  get zombies(): number {
    return this.#zombies.length;
  }

  get hasFree(): boolean {
    return this.#running.size + this.#zombies.length < this.#total;
  }

  /** When the next zombie ends; Infinity while there is none. */
  get nextEndMs(): number {
    let nextMs = Infinity;
    for (const { endMs } of this.#zombies) nextMs = Math.min(nextMs, endMs);
    return nextMs;
  }

  /** Who holds one keeps it. */
  resize(total: number): void {
    this.#total = total;
    this.ledger.resize(total);
  }

  /** The state of a generation that is sent now; hand it to `hold`. */
  send({ prompt }: Wish, nowMs: number): RunningState {
    const prediction = this.#predictor.predict(this.ledger.uncachedChars(prompt), nowMs);
    const place = this.ledger.take(prompt);
    for (const evicted of place.evicted) this.#warmth.happened(evicted, "evicted");
    this.#tell(place, "sent");
    this.#predictor.tried(nowMs);
    return { name: "sent", sentMs: nowMs, place, prediction };
  }

  hold(holder: Holder): void {
    this.#running.add(holder);
  }

  /** The first chunk came. */
  first(holder: Holder, nowMs: number): void {
    const { state } = holder;
    if (state.name !== "sent") return;
    const { sentMs, place } = state;
    holder.state = { name: "streaming", sentMs, place, firstMs: nowMs };
    this.#tell(place, "read");
  }

  /** It is over, and its slot is free. @param usage where the engine ended it */
  free(holder: Holder, usage: EngineUsage | undefined, nowMs: number): void {
    const { state } = holder;
    const { place, sentMs } = state;
    this.#running.delete(holder);
    this.ledger.release(place, state.name === "streaming");
    if (state.name === "sent") return this.#tell(place, "dropped");
    const { chars, uncachedChars } = place;
    const ttftMs = state.firstMs - sentMs;
    // What nobody waits for is a warm-up or a canary: its one token says nothing of lines.
    const isLine = holder.deadlineMs !== Infinity;
    const decodeMs = usage && isLine ? nowMs - state.firstMs : undefined;
    const engine = usage && believable(usage, ttftMs);
    this.#predictor.learn({ chars, uncachedChars, ttftMs, decodeMs, engine }, nowMs);
  }

  /** It is cancelled upstream; returns for how long its slot stays taken, milliseconds. */
  cancel(holder: Holder, nowMs: number): number {
    const { state } = holder;
    if (state.name === "streaming") {
      // In generation an engine notices within a token or two.
      this.free(holder, undefined, nowMs);
      return 0;
    }
    const zombieMs = this.zombieMs(holder, nowMs);
    const { place, sentMs } = state;
    this.#predictor.learnAtLeast(place.uncachedChars, nowMs - sentMs, nowMs);
    this.#running.delete(holder);
    this.#tell(place, "dropped");
    if (zombieMs > 0) this.#zombies = [...this.#zombies, { place, endMs: nowMs + zombieMs }];
    else this.ledger.release(place, false);
    return zombieMs;
  }

  /** Buries the zombies that have ended. */
  bury(nowMs: number): void {
    if (this.nextEndMs > nowMs) return;
    for (const { place, endMs } of this.#zombies) {
      if (endMs <= nowMs) this.ledger.release(place, false);
    }
    this.#zombies = this.#zombies.filter(({ endMs }) => endMs > nowMs);
  }

  /**
   * How long a slot would stay taken if its generation were cancelled now: its prefill may have
   * begun only now, and with nothing cached. One that has taken longer than any should has proved
   * that prediction wrong, and is likely to go on for as long again.
   */
  zombieMs({ state }: Holder, nowMs: number): number {
    if (state.name === "streaming") return 0;
    const { highMs } = this.#predictor.predict(state.place.chars, nowMs);
    return Math.min(this.#zombieHoldMs, Math.max(highMs, nowMs - state.sentMs));
  }

  /** For how long a generation holds its slot, milliseconds. */
  turnMs(outlook: Outlook | "on average"): number {
    const share = outlook === "on average" ? 0.5 : SHARE[outlook];
    const overheadMs = Math.max(0, this.#predictor.overheadMs ?? 0);
    return Math.max(MIN_TURN_MS, overheadMs + this.#predictor.decodeLeftMs(0, share));
  }

  /** How long until there is a slot for one with so many before it, milliseconds. */
  freeInMs(ahead: number, outlook: Outlook, nowMs: number): number {
    if (ahead === 0 && this.hasFree) return 0;
    const frees = this.#zombies.map(({ endMs }) => Math.max(0, endMs - nowMs));
    for (const { state } of this.#running) frees.push(this.#endsInMs(state, outlook, nowMs));
    while (frees.length < this.#total) frees.push(0);
    frees.sort((a, b) => a - b);
    const surplus = frees.length - this.#total;
    const turns = Math.floor(ahead / this.#total);
    return (frees[surplus + (ahead % this.#total)] ?? 0) + turns * this.turnMs(outlook);
  }

  get hasAmbience(): boolean {
    return this.#running.values().some(({ priority }) => priority === "ambient");
  }

  /** The holder that is ambience and whose slot would be free soonest, if that is within the time. */
  cheapestAmbience(withinMs: number, nowMs: number): Holder | undefined {
    let cheapest: { holder: Holder; freeInMs: number } | undefined;
    for (const holder of this.#running) {
      if (holder.priority !== "ambient") continue;
      const freeInMs = this.zombieMs(holder, nowMs);
      if (freeInMs > withinMs) continue;
      if (!cheapest || freeInMs < cheapest.freeInMs) cheapest = { holder, freeInMs };
    }
    return cheapest?.holder;
  }

  #endsInMs(state: RunningState, outlook: Outlook, nowMs: number): number {
    if (state.name === "streaming") {
      return this.#predictor.decodeLeftMs(nowMs - state.firstMs, SHARE[outlook]);
    }
    const { lowMs, likelyMs } = state.prediction;
    const waitedMs = nowMs - state.sentMs;
    const isOverdue = outlook === "likely" && waitedMs > likelyMs;
    const firstInMs = (outlook === "at best" ? lowMs : likelyMs) - waitedMs;
    const prefillLeftMs = isOverdue ? waitedMs : Math.max(0, firstInMs);
    return prefillLeftMs + this.#predictor.decodeLeftMs(0, SHARE[outlook]);
  }

  #tell({ prompt }: Place, what: "sent" | "read" | "dropped"): void {
    const [prefix] = prompt;
    if (prefix !== undefined) this.#warmth.happened(prefix, what);
  }
}

/** An engine may say what it likes: no part of a first token took longer than all of it. */
function believable(usage: EngineUsage, ttftMs: number): EngineUsage {
  const loadMs = Math.min(usage.loadMs, ttftMs);
  return { ...usage, loadMs, prefillMs: Math.min(usage.prefillMs, ttftMs - loadMs) };
}
