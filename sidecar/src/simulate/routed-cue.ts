import { CueRoute, type RouteNews, type RouteStep } from "../policy/cue-route.ts";
import type { HedgeAllowance } from "../policy/hedging.ts";
import type { Wish } from "../policy/wish.ts";
import type { Asker, Ticket } from "./endpoint.ts";
import type { SimulatedMember } from "./member.ts";
import type { VirtualClock } from "./virtual-clock.ts";

/** A cue on its way to an endpoint, or to several. */
export interface AskedCue {
  /** Where its character was at home when it came; undefined before it is asked for. */
  readonly home: SimulatedMember | undefined;
  /** Who speaks its line, once somebody does. */
  readonly by: SimulatedMember | undefined;
  start(): void;
  /** Gives it up. @param isLate for want of a first token in time */
  leave(isLate: boolean): void;
}

export interface RoutingParts {
  readonly clock: VirtualClock;
  /** Of second requests; none are made without it. */
  readonly allowance: HedgeAllowance | undefined;
  /** Who may answer now, as the character prefers them. */
  candidates(): readonly SimulatedMember[];
  /** Whether nobody but this one could answer. */
  isLast(member: SimulatedMember): boolean;
  tell(news: RouteNews<SimulatedMember>): void;
  /** It is at home there, and is asked for there first. */
  started(home: SimulatedMember, first: SimulatedMember): void;
  /** It has a slot for the first time. */
  sent(): void;
}

/** Carries one cue through the endpoints, the way that the production route says. */
export class RoutedCue implements AskedCue {
  readonly #asker: Asker;
  readonly #wish: Wish;
  readonly #tokens: number;
  readonly #parts: RoutingParts;
  readonly #route: CueRoute<SimulatedMember>;
  readonly #tickets = new Map<SimulatedMember, Ticket>();
  #cancelHedge: () => void = () => {};
  #home: SimulatedMember | undefined;
  #by: SimulatedMember | undefined;
  #isSent = false;

  constructor(asker: Asker, wish: Wish, tokens: number, parts: RoutingParts) {
    this.#asker = asker;
    this.#wish = wish;
    this.#tokens = tokens;
    this.#parts = parts;
    this.#route = new CueRoute({
      ...parts,
      priority: wish.priority,
      deadlineMs: wish.deadlineMs,
      offer: ({ endpoint }) => endpoint.offer(wish),
    });
  }

  get home(): SimulatedMember | undefined {
    return this.#home;
  }

  get by(): SimulatedMember | undefined {
    return this.#by;
  }

  start(): void {
    const { clock } = this.#parts;
    const first = this.#route.start(clock.nowMs);
    if (!first) return this.#asker.shed();
    this.#home = first.home;
    this.#parts.started(first.home, first.ask);
    first.tryOut?.endpoint.tryOut(this.#wish.prompt[0] ?? "");
    const { hedgeAtMs } = this.#route;
    if (hedgeAtMs !== undefined) this.#cancelHedge = clock.at(hedgeAtMs, () => this.#hedge());
    this.#ask(first.ask);
  }

  leave(isLate: boolean): void {
    this.#cancelHedge();
    for (const member of this.#route.giveUp(isLate, this.#parts.clock.nowMs)) {
      this.#leave(member, isLate);
    }
  }

  #hedge(): void {
    const backup = this.#route.hedge(this.#parts.clock.nowMs);
    if (backup) this.#ask(backup);
  }

  #ask(member: SimulatedMember): void {
    const { clock } = this.#parts;
    const ticket = member.endpoint.ask(
      {
        granted: () => this.#granted(member),
        shed: () => this.#goOn(this.#route.refused(member, clock.nowMs), "shed"),
        preempted: () => this.#goOn(this.#route.preempted(member), "preempted"),
        first: () => this.#first(member),
        done: () => this.#asker.done(),
        failed: () => this.#goOn(this.#route.failed(member, "endpoint", clock.nowMs), "failed"),
      },
      this.#wish,
      this.#tokens,
    );
    this.#tickets.set(member, ticket);
  }

  #granted(member: SimulatedMember): void {
    this.#route.granted(member, this.#parts.clock.nowMs);
    if (!this.#isSent) this.#parts.sent();
    this.#isSent = true;
    this.#asker.granted();
  }

  #first(member: SimulatedMember): void {
    const { nowMs } = this.#parts.clock;
    this.#cancelHedge();
    this.#by = member;
    this.#route.answered(member, nowMs);
    for (const beaten of this.#route.commit(member, nowMs)) this.#leave(beaten, false);
    this.#asker.first();
  }

  #goOn(step: RouteStep<SimulatedMember>, ending: "shed" | "preempted" | "failed"): void {
    if (step.do === "ask") this.#ask(step.stop);
    if (step.do !== "end") return;
    this.#cancelHedge();
    this.#asker[ending]();
  }

  #leave(member: SimulatedMember, isLate: boolean): void {
    const ticket = this.#tickets.get(member);
    if (ticket) member.endpoint.leave(ticket, isLate);
  }
}
