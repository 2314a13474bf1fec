import type { RouteNews } from "../policy/cue-route.ts";
import { HedgeAllowance } from "../policy/hedging.ts";
import { hashOf } from "../policy/placement.ts";
import { candidatesFor, homesOf, isLast } from "../policy/roster.ts";
import type { Wish } from "../policy/wish.ts";
import type { CastMember } from "./cast.ts";
import type { Asker, Ticket } from "./endpoint.ts";
import type { SimulatedMember } from "./member.ts";
import { type AskedCue, RoutedCue } from "./routed-cue.ts";
import type { VirtualClock } from "./virtual-clock.ts";

/** What became of cues on their way through several endpoints; all 0 where there is one. */
export interface RouteCounts {
  /** Cues that had a slot somewhere. */
  readonly sent: number;
  /** Cues that went past their home to one that was sooner. */
  readonly spillOvers: number;
  /** Times that one failed, or was refused, and went on elsewhere. */
  readonly failovers: number;
  /** Second requests beside a late first one, and those that were first to answer. */
  readonly hedges: number;
  readonly hedgesWon: number;
  readonly ejections: number;
  /** Times that a character's home changed, from one of its cues to the next. */
  readonly moves: number;
}

type Counts = { -readonly [Key in keyof RouteCounts]: number };

const COUNTED = {
  failedOver: "failovers",
  hedged: "hedges",
  hedgeWon: "hedgesWon",
  ejected: "ejections",
} as const satisfies Record<RouteNews<SimulatedMember>["kind"], keyof RouteCounts>;

export interface FleetParts {
  readonly members: readonly SimulatedMember[];
  readonly clock: VirtualClock;
  /** False to see what second requests gain. */
  readonly hedges: boolean;
}

/** The sidecar's side of all endpoints: where each cue goes is decided by the production modules. */
export class SimulatedFleet {
  readonly members: readonly SimulatedMember[];
  readonly #clock: VirtualClock;
  readonly #allowance: HedgeAllowance | undefined;
  readonly #counts: Counts = {
    sent: 0,
    spillOvers: 0,
    failovers: 0,
    hedges: 0,
    hedgesWon: 0,
    ejections: 0,
    moves: 0,
  };
  /** The last home of each character, by prefix; for each kind of cue. */
  readonly #homes = new Map<string, Map<string, SimulatedMember>>();

  constructor({ members, clock, hedges }: FleetParts) {
    this.members = members;
    this.#clock = clock;
    this.#allowance = hedges ? new HedgeAllowance() : undefined;
  }

  get counts(): RouteCounts {
    return { ...this.#counts };
  }

  /** Else lines are authored ones at once. */
  get isWell(): boolean {
    return this.members.some(({ isAvailable }) => isAvailable);
  }

  start(): void {
    for (const { endpoint } of this.members) endpoint.start();
  }

  /** Has a character's prefix warm where its lines are to come from. */
  keepWarm({ character, prefix }: CastMember): void {
    for (const { endpoint } of homesOf(character, () => prefix, this.members)) {
      endpoint.keepWarm(prefix);
    }
  }

  /** A cue that wants so many tokens; `start` sends it on its way. */
  cue(asker: Asker, character: string, wish: Wish, tokens: number): AskedCue {
    const [only, ...others] = this.members;
    if (only && others.length === 0) return new SoleCue(asker, wish, tokens, only);
    const { priority, prompt } = wish;
    const prefix = prompt[0] ?? "";
    const speaker = { character, priority, key: hashOf(prefix) };
    return new RoutedCue(asker, wish, tokens, {
      clock: this.#clock,
      allowance: this.#allowance,
      candidates: () => candidatesFor(speaker, this.members, this.#clock.nowMs),
      isLast: (member) => isLast(member, this.members, this.#clock.nowMs),
      sent: () => this.#counts.sent++,
      tell: ({ kind }) => this.#counts[COUNTED[kind]]++,
      started: (home, first) => {
        if (first !== home) this.#counts.spillOvers++;
        this.#noteHome(`${priority} ${character}`, prefix, home);
      },
    });
  }

  #noteHome(kind: string, prefix: string, home: SimulatedMember): void {
    const known = this.#homes.get(kind) ?? new Map<string, SimulatedMember>();
    this.#homes.set(kind, known);
    const before = known.get(prefix);
    if (before !== undefined && before !== home) this.#counts.moves++;
    known.set(prefix, home);
  }
}

/** There is nowhere else to go. */
class SoleCue implements AskedCue {
  readonly home: SimulatedMember;
  readonly #ask: () => Ticket;
  #ticket: Ticket | undefined;

  constructor(asker: Asker, wish: Wish, tokens: number, home: SimulatedMember) {
    this.home = home;
    this.#ask = () => home.endpoint.ask(asker, wish, tokens);
  }

  get by(): SimulatedMember {
    return this.home;
  }

  start(): void {
    this.#ticket = this.#ask();
  }

  leave(isLate: boolean): void {
    if (this.#ticket) this.home.endpoint.leave(this.#ticket, isLate);
  }
}
