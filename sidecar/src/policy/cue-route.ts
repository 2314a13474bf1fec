import type { Priority } from "@banterwire/protocol";
import { chooseBackup, type HedgeAllowance, hedgeAtMs } from "./hedging.ts";
import { chooseOffer, isPossibleWithin, type Offer } from "./spill-over.ts";
import type { Trust } from "./trust.ts";

/** An endpoint that a cue may go to. */
export interface Stop {
  readonly trust: Trust;
}

/**
 * What a failure is put down to. `endpoint`: to it, and it may go on elsewhere. `model`: what is
 * asked does not fit this one; another may take it. `request`: nobody would take it.
 */
export type Fault = "endpoint" | "model" | "request";

/** What became of a cue on its way, for whoever keeps books. */
export type RouteNews<S extends Stop> =
  /** It failed or was refused there, and goes on elsewhere. */
  | { readonly kind: "failedOver"; readonly from: S; readonly to: S }
  /** It is late, and is asked for at a second one too. */
  | { readonly kind: "hedged"; readonly from: S; readonly to: S }
  /** The second was the first to answer. */
  | { readonly kind: "hedgeWon"; readonly by: S }
  /** Too many of its cues failed or were late. */
  | { readonly kind: "ejected"; readonly who: S };

export interface RouteParts<S extends Stop> {
  readonly priority: Priority;
  /** When its first text must be there; Infinity where nobody waits for it. */
  readonly deadlineMs: number;
  /** Of second requests; none are made without it. */
  readonly allowance: HedgeAllowance | undefined;
  /** Who may answer now, as the character prefers them. */
  candidates(): readonly S[];
  /** What the cue could expect there if it came now. */
  offer(stop: S): Offer;
  /** Whether nobody but this one could answer. */
  isLast(stop: S): boolean;
  tell(news: RouteNews<S>): void;
}

export interface RouteStart<S extends Stop> {
  readonly ask: S;
  /** Whom its character prefers; it spills over if that is not who is asked. */
  readonly home: S;
  /** Who is to be asked for a token by itself, to find out what it takes now. */
  readonly tryOut: S | undefined;
}

/** What is to be done at once. `wait`: others are at it. `end`: nobody is left to ask. */
export type RouteStep<S extends Stop> =
  | { readonly do: "ask"; readonly stop: S }
  | { readonly do: "wait" }
  | { readonly do: "end" };

/** The cue at one endpoint. */
interface Attempt {
  readonly askedMs: number;
  /** From its slot to its first token, as it was to be expected. */
  readonly likelyMs: number;
  /** When it had a slot. */
  grantedMs: number | undefined;
  hasChunk: boolean;
}

type StopOffer<S> = Offer & { readonly stop: S };

const WAIT = { do: "wait" } as const;
const END = { do: "end" } as const;

/**
 * The way of one cue through several endpoints: it goes to one, to another one if that fails or
 * refuses while there is time, and once to a second one beside it if the first is late. Nobody is
 * asked twice. The first that has text is committed to, and nobody takes its place later. Pure:
 * time is handed in, and who is to be asked or cancelled is said, not done.
 */
export class CueRoute<S extends Stop> {
  readonly #parts: RouteParts<S>;
  readonly #tried = new Set<S>();
  readonly #open = new Map<S, Attempt>();
  #committed: S | undefined;
  #backup: S | undefined;
  /** Whether a first request was sent. */
  #isSent = false;
  #hedgeAtMs: number | undefined;

  constructor(parts: RouteParts<S>) {
    this.#parts = parts;
  }

  /** When `hedge` is due; undefined if it never is. */
  get hedgeAtMs(): number | undefined {
    return this.#hedgeAtMs;
  }

  /** Undefined if there is nobody to ask. */
  start(nowMs: number): RouteStart<S> | undefined {
    const offers = this.#offers();
    const chosen = chooseOffer(offers, this.#leftMs(nowMs));
    if (!chosen) return undefined;
    this.#hedgeAtMs = this.#lateFrom(chosen, offers, nowMs);
    const home = offers[0]?.stop ?? chosen.stop;
    // A home that was too slow may have become well: nobody would find out if nobody went there.
    const tryOut = home !== chosen.stop && home.trust.takeTryOut(nowMs) ? home : undefined;
    return { ask: this.#ask(chosen, nowMs), home, tryOut };
  }

  /** It is late: who is to be asked beside the first, if anybody. */
  hedge(nowMs: number): S | undefined {
    const [from] = this.#open.keys();
    if (this.#committed || !from || this.#open.size > 1) return undefined;
    const backup = chooseBackup(this.#offers(), this.#leftMs(nowMs));
    if (!backup || !this.#parts.allowance?.take()) return undefined;
    this.#parts.tell({ kind: "hedged", from, to: backup.stop });
    this.#backup = backup.stop;
    return this.#ask(backup, nowMs);
  }

  /** It has a slot there. */
  granted(stop: S, nowMs: number): void {
    const attempt = this.#open.get(stop);
    if (!attempt) return;
    attempt.grantedMs = nowMs;
    if (this.#isSent || stop === this.#backup) return;
    this.#isSent = true;
    this.#parts.allowance?.earn();
  }

  /** A chunk came from there, or the end of all: the engine answers. */
  answered(stop: S, nowMs: number): void {
    const attempt = this.#open.get(stop);
    if (!attempt || attempt.hasChunk) return;
    attempt.hasChunk = true;
    stop.trust.answered(nowMs - (attempt.grantedMs ?? nowMs), nowMs);
  }

  isCommittedTo(stop: S): boolean {
    return this.#committed === stop;
  }

  /** Its first text came from there; returns who is to be cancelled. */
  commit(stop: S, nowMs: number): readonly S[] {
    this.#committed = stop;
    const askedMs = this.#open.get(stop)?.askedMs ?? nowMs;
    const beaten: S[] = [];
    for (const [other, attempt] of this.#open) {
      if (other === stop) continue;
      this.#open.delete(other);
      beaten.push(other);
      if (attempt.askedMs >= askedMs) continue;
      this.#parts.tell({ kind: "hedgeWon", by: stop });
      // Late, but no miss: no reason to ask at once whether its model is still there.
      this.#wasLate(other, attempt, nowMs);
    }
    return beaten;
  }

  /** It failed there. */
  failed(stop: S, fault: Fault, nowMs: number): RouteStep<S> {
    this.#open.delete(stop);
    if (this.#committed !== undefined) return END;
    if (fault === "endpoint") this.#blame(stop, nowMs);
    return fault === "request" && this.#open.size === 0 ? END : this.#goOn(stop, nowMs);
  }

  /** It cannot have a slot there in time. */
  refused(stop: S, nowMs: number): RouteStep<S> {
    this.#open.delete(stop);
    return this.#goOn(stop, nowMs);
  }

  /** Its slot there went to another cue. */
  preempted(stop: S): RouteStep<S> {
    this.#open.delete(stop);
    return this.#open.size > 0 ? WAIT : END;
  }

  /** It is given up; returns who is to be cancelled. @param isLate for want of text in time */
  giveUp(isLate: boolean, nowMs: number): readonly S[] {
    const all = [...this.#open];
    this.#open.clear();
    for (const [stop, attempt] of all) {
      if (isLate) this.#wasLate(stop, attempt, nowMs);
    }
    return all.map(([stop]) => stop);
  }

  #leftMs(nowMs: number): number {
    return this.#parts.deadlineMs - nowMs;
  }

  /** Of those who have not been asked, as the character prefers them. */
  #offers(): StopOffer<S>[] {
    return this.#parts
      .candidates()
      .filter((stop) => !this.#tried.has(stop))
      .map((stop) => Object.assign({ stop }, this.#parts.offer(stop)));
  }

  #ask({ stop, likelyMs }: StopOffer<S>, nowMs: number): S {
    this.#tried.add(stop);
    this.#open.set(stop, { askedMs: nowMs, likelyMs, grantedMs: undefined, hasChunk: false });
    return stop;
  }

  /** Waits for others who are at it, or asks elsewhere, if it can still make it there. */
  #goOn(from: S, nowMs: number): RouteStep<S> {
    if (this.#open.size > 0) return WAIT;
    const leftMs = this.#leftMs(nowMs);
    const able = this.#offers().filter((offer) => isPossibleWithin(leftMs, offer));
    const next = chooseOffer(able, leftMs);
    if (!next) return END;
    this.#parts.tell({ kind: "failedOver", from, to: next.stop });
    return { do: "ask", stop: this.#ask(next, nowMs) };
  }

  #lateFrom(
    chosen: StopOffer<S>,
    offers: readonly StopOffer<S>[],
    nowMs: number,
  ): number | undefined {
    const { allowance, priority, deadlineMs } = this.#parts;
    const others = offers.filter((offer) => offer !== chosen);
    // Nobody waits for ambience.
    if (!allowance || priority === "ambient" || others.length === 0) return undefined;
    return hedgeAtMs({
      askedMs: nowMs + chosen.waitMs,
      deadlineMs,
      usualMs: chosen.likelyMs,
      p95Ms: chosen.stop.trust.p95Ms,
      backupMs: Math.min(...others.map(({ likelyMs }) => likelyMs)),
    });
  }

  /** It had no chunk by now. */
  #wasLate(stop: S, { grantedMs, likelyMs, hasChunk }: Attempt, nowMs: number): void {
    if (grantedMs === undefined || hasChunk) return;
    stop.trust.waited(nowMs - grantedMs);
    // Sent although it was not likely to make it: that it did not says nothing new.
    if (likelyMs < this.#leftMs(grantedMs)) this.#blame(stop, nowMs);
  }

  /** It failed, or was late: too often, and others are asked in its place. */
  #blame(stop: S, nowMs: number): void {
    const isLast = this.#parts.isLast(stop);
    if (stop.trust.failed(isLast, nowMs)) this.#parts.tell({ kind: "ejected", who: stop });
  }
}
