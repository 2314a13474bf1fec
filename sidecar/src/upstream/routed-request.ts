import type { Clock, Priority } from "@banterwire/protocol";
import type { Observe } from "../happening.ts";
import { chooseBackup, type HedgeAllowance, hedgeAtMs } from "../policy/hedging.ts";
import { chooseOffer, isPossibleWithin, type Offer } from "../policy/spill-over.ts";
import type { RoomKey } from "../policy/room-shares.ts";
import type { FleetMember } from "./fleet-member.ts";
import {
  type ChatRequest,
  type Failure,
  type Generation,
  type GenerationEvents,
  type SlotRequest,
  TOO_LATE,
} from "./upstream.ts";

export interface RoutingParts {
  readonly clock: Clock;
  readonly observe: Observe;
  /** Of second requests; none are made without it. */
  readonly allowance: HedgeAllowance | undefined;
  /** Who may answer now, as the character prefers them. */
  candidates(): readonly FleetMember[];
  /** Whether nobody but this one could answer. */
  isLast(member: FleetMember): boolean;
}

type MemberOffer = Offer & { readonly member: FleetMember };

/**
 * One wish on its way through a fleet: it goes to one endpoint, to another one if that fails or
 * refuses while there is time, and once to a second one beside it if the first is late. The first
 * that has text is committed to: the others are cancelled, and nobody takes its place later.
 */
export class RoutedRequest {
  readonly #wish: SlotRequest;
  readonly #parts: RoutingParts;
  readonly #open = new Set<Attempt>();
  readonly #tried = new Set<FleetMember>();
  #committed: Attempt | undefined;
  /** How far the first of its attempts has come. */
  #progress: "asked" | "granted" | "sent" = "asked";
  #cancelHedge: () => void = () => {};

  constructor(wish: SlotRequest, parts: RoutingParts) {
    this.#wish = wish;
    this.#parts = parts;
  }

  start(): void {
    const { signal } = this.#wish;
    if (signal.aborted) return;
    const offers = this.#offers();
    const chosen = chooseOffer(offers, this.#leftMs);
    if (!chosen) return this.#wish.refused();
    signal.addEventListener("abort", this.#abort, { once: true });
    this.#parts.allowance?.earn();
    this.#tryOutHome(offers[0], chosen);
    this.#armHedge(
      chosen,
      offers.filter((offer) => offer !== chosen),
    );
    this.#ask(chosen.member);
  }

  // What its attempts tell.

  granted(): void {
    if (this.#progress !== "asked") return;
    this.#progress = "granted";
    this.#wish.granted();
  }

  sent(): void {
    if (this.#progress === "sent") return;
    this.#progress = "sent";
    this.#wish.events.sent();
  }

  text(attempt: Attempt, piece: string): void {
    if (this.#committed !== attempt) {
      // Nothing is lost with an empty piece, and it must not decide.
      if (piece === "") return;
      this.#commit(attempt);
    }
    this.#wish.events.text(piece);
  }

  done(attempt: Attempt, generation: Generation): void {
    if (this.#committed !== attempt) this.#commit(attempt);
    this.#over();
    this.#wish.events.done(generation);
  }

  failed(attempt: Attempt, failure: Failure): void {
    this.#open.delete(attempt);
    if (this.#committed === undefined) {
      // What is wrong with its character's options is not the engine's doing.
      if (failure.kind !== "options") this.#blame(attempt);
      if (this.#open.size > 0 || this.#failOver(attempt)) return;
    }
    this.#over();
    this.#wish.events.failed(failure);
  }

  refused(attempt: Attempt): void {
    this.#open.delete(attempt);
    if (this.#open.size > 0 || this.#failOver(attempt)) return;
    this.#over();
    this.#wish.refused();
  }

  preempted(attempt: Attempt): void {
    this.#open.delete(attempt);
    attempt.cancel("preempted");
    if (this.#open.size > 0) return;
    this.#over();
    this.#wish.preempted();
  }

  get #leftMs(): number {
    return this.#wish.deadlineMs - this.#parts.clock.nowMs();
  }

  /** Of those who have not been asked, as the character prefers them. */
  #offers(): MemberOffer[] {
    return this.#parts
      .candidates()
      .filter((member) => !this.#tried.has(member))
      .map((member) => Object.assign({ member }, member.endpoint.offer(this.#wish)));
  }

  /** A home that was too slow may have become well: nobody would find out if nobody went there. */
  #tryOutHome(home: MemberOffer | undefined, chosen: MemberOffer): void {
    if (!home || home === chosen) return;
    home.member.tryOut(this.#wish.request.messages[0], this.#parts.clock.nowMs());
  }

  #ask(member: FleetMember): void {
    this.#tried.add(member);
    const attempt = new Attempt(this, this.#wish, member, this.#parts.clock);
    this.#open.add(attempt);
    member.endpoint.request(attempt);
  }

  /** Goes on elsewhere, if it can still make it there. */
  #failOver(from: Attempt): boolean {
    const leftMs = this.#leftMs;
    const able = this.#offers().filter((offer) => isPossibleWithin(leftMs, offer));
    const next = chooseOffer(able, leftMs);
    if (!next) return false;
    this.#parts.observe({
      kind: "failedOver",
      from: from.member.spec.name,
      to: next.member.spec.name,
    });
    this.#ask(next.member);
    return true;
  }

  #armHedge(chosen: MemberOffer, others: readonly MemberOffer[]): void {
    // Nobody waits for ambience.
    if (this.#wish.priority === "ambient") return;
    const { clock } = this.#parts;
    const nowMs = clock.nowMs();
    const atMs = hedgeAtMs({
      askedMs: nowMs + chosen.waitMs,
      deadlineMs: this.#wish.deadlineMs,
      usualMs: chosen.likelyMs,
      p95Ms: chosen.member.p95Ms,
      backupMs: Math.min(...[chosen, ...others].map(({ likelyMs }) => likelyMs)),
    });
    if (atMs === undefined) return;
    this.#cancelHedge = clock.schedule(atMs - nowMs, () => this.#hedge());
  }

  #hedge(): void {
    const [first] = this.#open;
    if (this.#committed || !first || this.#open.size > 1) return;
    const backup = chooseBackup(this.#offers(), this.#leftMs);
    if (!backup || !this.#parts.allowance?.take()) return;
    const [from, to] = [first.member.spec.name, backup.member.spec.name];
    this.#parts.observe({ kind: "hedged", from, to });
    this.#ask(backup.member);
  }

  /** It has the first text: the line is its own from now on. */
  #commit(attempt: Attempt): void {
    this.#committed = attempt;
    this.#cancelHedge();
    for (const other of this.#open) {
      if (other === attempt) continue;
      this.#open.delete(other);
      if (other.askedMs < attempt.askedMs) {
        this.#parts.observe({ kind: "hedgeWon", by: attempt.member.spec.name });
        // Late, but no miss: no reason to ask at once whether its model is still there.
        if (other.waitedMs !== undefined) this.#blame(other);
      }
      other.cancel("hedged");
    }
  }

  readonly #abort = (): void => {
    this.#cancelHedge();
    for (const attempt of this.#open) {
      this.#open.delete(attempt);
      const { reason } = this.#wish.signal;
      if (reason === TOO_LATE && attempt.waitedMs !== undefined) this.#blame(attempt);
      attempt.cancel(reason);
    }
  };

  /** It failed, or was late: too often, and others are asked in its place. */
  #blame({ member, waitedMs }: Attempt): void {
    const nowMs = this.#parts.clock.nowMs();
    const isLast = this.#parts.isLast(member);
    const isEjected =
      waitedMs === undefined
        ? member.failed(isLast, nowMs)
        : member.wasLate(waitedMs, isLast, nowMs);
    if (isEjected) this.#parts.observe({ kind: "endpointEjected", endpoint: member.spec.name });
  }

  #over(): void {
    this.#cancelHedge();
    this.#wish.signal.removeEventListener("abort", this.#abort);
  }
}

/** A wish at one endpoint, and what its generation tells on the way to the line. */
class Attempt implements SlotRequest, GenerationEvents {
  readonly member: FleetMember;
  readonly request: ChatRequest;
  readonly character: string;
  readonly priority: Priority;
  readonly room: RoomKey;
  readonly deadlineMs: number;
  readonly askedMs: number;
  readonly #routed: RoutedRequest;
  readonly #clock: Clock;
  readonly #giveUp = new AbortController();
  #grantedMs: number | undefined;
  #hasChunk = false;

  constructor(routed: RoutedRequest, wish: SlotRequest, member: FleetMember, clock: Clock) {
    this.#routed = routed;
    this.member = member;
    this.request = wish.request;
    this.character = wish.character;
    this.priority = wish.priority;
    this.room = wish.room;
    this.deadlineMs = wish.deadlineMs;
    this.askedMs = clock.nowMs();
    this.#clock = clock;
  }

  get signal(): AbortSignal {
    return this.#giveUp.signal;
  }

  get events(): this {
    return this;
  }

  /** Since it had a slot, without a chunk; undefined if it has one, or never had a slot. */
  get waitedMs(): number | undefined {
    if (this.#grantedMs === undefined || this.#hasChunk) return undefined;
    return this.#clock.nowMs() - this.#grantedMs;
  }

  cancel(reason: unknown): void {
    this.#giveUp.abort(reason);
  }

  granted(): void {
    this.#grantedMs = this.#clock.nowMs();
    this.#routed.granted();
  }

  sent(): void {
    this.#routed.sent();
  }

  text(piece: string): void {
    if (!this.#hasChunk) this.#answered();
    this.#routed.text(this, piece);
  }

  done(generation: Generation): void {
    if (!this.#hasChunk) this.#answered();
    this.#routed.done(this, generation);
  }

  failed(failure: Failure): void {
    this.#routed.failed(this, failure);
  }

  refused(): void {
    this.#routed.refused(this);
  }

  preempted(): void {
    this.#routed.preempted(this);
  }

  #answered(): void {
    const nowMs = this.#clock.nowMs();
    this.member.answered(nowMs - (this.#grantedMs ?? nowMs), nowMs);
    this.#hasChunk = true;
  }
}
