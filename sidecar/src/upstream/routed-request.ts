import type { Clock, Priority } from "@banterwire/protocol";
import type { Observe } from "../happening.ts";
import { CueRoute, type RouteNews, type RouteStep } from "../policy/cue-route.ts";
import type { HedgeAllowance } from "../policy/hedging.ts";
import type { RoomKey } from "../policy/room-shares.ts";
import type { FleetMember } from "./fleet-member.ts";
import {
  type ChatRequest,
  type Failure,
  faultOf,
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

/** In front of a line, where spaces are left out. */
const INVISIBLE = /^[\p{Cc}\s]*$/u;

/** Carries one wish through a fleet, the way that its route says. */
export class RoutedRequest {
  readonly #wish: SlotRequest;
  readonly #parts: RoutingParts;
  readonly #route: CueRoute<FleetMember>;
  readonly #attempts = new Map<FleetMember, Attempt>();
  /** How far the first of its attempts has come. */
  #progress: "asked" | "granted" | "sent" = "asked";
  #cancelHedge: () => void = () => {};

  constructor(wish: SlotRequest, parts: RoutingParts) {
    this.#wish = wish;
    this.#parts = parts;
    const { priority, deadlineMs } = wish;
    this.#route = new CueRoute({
      ...parts,
      priority,
      deadlineMs,
      offer: ({ endpoint }) => endpoint.offer(wish),
      tell: (news) => this.#tell(news),
    });
  }

  start(): void {
    const { signal, request } = this.#wish;
    if (signal.aborted) return;
    const first = this.#route.start(this.#nowMs);
    if (!first) return this.#wish.refused();
    signal.addEventListener("abort", this.#abort, { once: true });
    first.tryOut?.endpoint.tryOut(request.messages[0]);
    this.#armHedge();
    this.#ask(first.ask);
  }

  // What its attempts tell.

  granted({ member }: Attempt): void {
    this.#route.granted(member, this.#nowMs);
    if (this.#progress !== "asked") return;
    this.#progress = "granted";
    this.#wish.granted();
  }

  sent(): void {
    if (this.#progress === "sent") return;
    this.#progress = "sent";
    this.#wish.events.sent();
  }

  text({ member }: Attempt, piece: string): void {
    if (!this.#route.isCommittedTo(member)) {
      this.#route.answered(member, this.#nowMs);
      // Nobody would see it, and it must not decide: it is dropped, as what leads a line always is.
      if (INVISIBLE.test(piece)) return;
      this.#commit(member);
    }
    this.#wish.events.text(piece);
  }

  done({ member }: Attempt, generation: Generation): void {
    if (!this.#route.isCommittedTo(member)) {
      this.#route.answered(member, this.#nowMs);
      this.#commit(member);
    }
    this.#over();
    this.#wish.events.done(generation);
  }

  failed({ member }: Attempt, failure: Failure): void {
    if (this.#goesOn(this.#route.failed(member, faultOf(failure), this.#nowMs))) return;
    this.#over();
    this.#wish.events.failed(failure);
  }

  refused({ member }: Attempt): void {
    if (this.#goesOn(this.#route.refused(member, this.#nowMs))) return;
    this.#over();
    this.#wish.refused();
  }

  preempted(attempt: Attempt): void {
    attempt.cancel("preempted");
    if (this.#goesOn(this.#route.preempted(attempt.member))) return;
    this.#over();
    this.#wish.preempted();
  }

  get #nowMs(): number {
    return this.#parts.clock.nowMs();
  }

  #ask(member: FleetMember): void {
    const attempt = new Attempt(this, this.#wish, member);
    this.#attempts.set(member, attempt);
    member.endpoint.request(attempt);
  }

  /** Says whether somebody is at it still, or again. */
  #goesOn(step: RouteStep<FleetMember>): boolean {
    if (step.do === "ask") this.#ask(step.stop);
    return step.do !== "end";
  }

  #armHedge(): void {
    const { hedgeAtMs } = this.#route;
    if (hedgeAtMs === undefined) return;
    this.#cancelHedge = this.#parts.clock.schedule(hedgeAtMs - this.#nowMs, () => {
      const backup = this.#route.hedge(this.#nowMs);
      if (backup) this.#ask(backup);
    });
  }

  /** It has the first text: the line is its own from now on. */
  #commit(member: FleetMember): void {
    this.#cancelHedge();
    for (const beaten of this.#route.commit(member, this.#nowMs)) {
      this.#attempts.get(beaten)?.cancel("hedged");
    }
  }

  readonly #abort = (): void => {
    this.#cancelHedge();
    const { reason } = this.#wish.signal;
    for (const member of this.#route.giveUp(reason === TOO_LATE, this.#nowMs)) {
      this.#attempts.get(member)?.cancel(reason);
    }
  };

  #tell(news: RouteNews<FleetMember>): void {
    const { observe } = this.#parts;
    switch (news.kind) {
      case "failedOver":
      case "hedged":
        return observe({ ...news, from: news.from.spec.name, to: news.to.spec.name });
      case "hedgeWon":
        return observe({ kind: "hedgeWon", by: news.by.spec.name });
      case "ejected":
        return observe({ kind: "endpointEjected", endpoint: news.who.spec.name });
    }
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
  readonly #routed: RoutedRequest;
  readonly #giveUp = new AbortController();

  constructor(routed: RoutedRequest, wish: SlotRequest, member: FleetMember) {
    this.#routed = routed;
    this.member = member;
    this.request = wish.request;
    this.character = wish.character;
    this.priority = wish.priority;
    this.room = wish.room;
    this.deadlineMs = wish.deadlineMs;
  }

  get signal(): AbortSignal {
    return this.#giveUp.signal;
  }

  get events(): this {
    return this;
  }

  cancel(reason: unknown): void {
    this.#giveUp.abort(reason);
  }

  granted(): void {
    this.#routed.granted(this);
  }

  sent(): void {
    this.#routed.sent();
  }

  text(piece: string): void {
    this.#routed.text(this, piece);
  }

  done(generation: Generation): void {
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
}
