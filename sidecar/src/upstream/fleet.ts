import type { Clock } from "@banterwire/protocol";
import type { ChatMessage, PromptStyle } from "../chat.ts";
import type { Observe } from "../happening.ts";
import { HedgeAllowance } from "../policy/hedging.ts";
import { hashOf } from "../policy/placement.ts";
import { candidatesFor, homesOf, isLast, type Speaker, weightOf } from "../policy/roster.ts";
import type { Endpoint } from "./endpoint.ts";
import { FleetMember, type MemberSpec } from "./fleet-member.ts";
import { OverlapWatch } from "./overlap-watch.ts";
import { RoutedRequest } from "./routed-request.ts";
import type { PromptedCue, SlotRequest, Upstream } from "./upstream.ts";

export interface FleetOptions {
  readonly clock: Clock;
  readonly observe: Observe;
  /** Without it no line is asked for twice: to measure what that gains. */
  readonly hedges?: boolean;
}

/** A character's prefix that is to be warm where its lines come from. */
interface Kept {
  readonly character: string;
  readonly prefix: (style: PromptStyle) => ChatMessage;
  /** How to let go of it at each endpoint that keeps it. */
  readonly drops: Map<Endpoint, () => void>;
}

/**
 * The endpoints that lines come from. A character stays with the one that it prefers, which has
 * its prefix; the others stand in. Endpoints come and go: a new one is brought up beside the
 * others with the prefixes that it is to have, and is used once it is warm; one that is to go
 * serves until another can take over, and ends the lines that it has begun.
 */
export class Fleet implements Upstream {
  readonly #options: FleetOptions;
  readonly #allowance = new HedgeAllowance();
  readonly #kept = new Set<Kept>();
  readonly #retiring = new Map<FleetMember, Promise<void>>();
  readonly #overlaps: OverlapWatch;
  #members: readonly FleetMember[];
  /** Those of them that lines come from. */
  #inService: readonly FleetMember[];

  constructor(first: readonly MemberSpec[], options: FleetOptions) {
    this.#options = options;
    this.#overlaps = new OverlapWatch(options.observe);
    this.#members = first.map((spec) => new FleetMember(spec, "serving"));
    this.#inService = this.#members;
  }

  /** Those that lines come from, then those that are to join them. */
  get members(): [MemberSpec, ...MemberSpec[]] {
    const joining = this.#members.filter(({ phase }) => phase === "joining");
    const [first, ...others] = [...this.#inService, ...joining];
    if (!first) throw new Error("a fleet without an endpoint");
    return [first.spec, ...others.map(({ spec }) => spec)];
  }

  /** Of the characters that an endpoint is due, how many it gets now, 0 to 1. */
  shareOf(endpoint: Endpoint): number {
    const nowMs = this.#options.clock.nowMs();
    const member = this.#inService.find((one) => one.endpoint === endpoint);
    if (!member?.isAvailable) return 0;
    // Nobody else could answer: whatever it did, it is asked.
    if (isLast(member, this.#inService, nowMs)) return 1;
    return weightOf(member, nowMs) / member.spec.slots;
  }

  /** Those that still end lines; each goes when it is closed. */
  get retiring(): readonly Endpoint[] {
    return Array.from(this.#retiring.keys(), ({ endpoint }) => endpoint);
  }

  get promptStyle(): PromptStyle {
    return this.#inService[0]?.endpoint.promptStyle ?? "instructed";
  }

  get unavailable(): string | undefined {
    if (this.#inService.some(({ isAvailable }) => isAvailable)) return undefined;
    return this.#inService[0]?.endpoint.unavailable ?? "there is no endpoint";
  }

  start(): void {
    for (const member of this.#members) this.#start(member);
  }

  charsAfter(prefix: string, cue: PromptedCue): number {
    const [only, ...others] = this.#inService;
    const home = others.length === 0 ? only : this.#candidates({ ...cue, key: hashOf(prefix) })[0];
    return home?.endpoint.charsAfter(prefix, cue) ?? Infinity;
  }

  request(wish: SlotRequest): void {
    const [only, ...others] = this.#inService;
    if (only && others.length === 0) return only.endpoint.request(wish);
    const { clock, hedges } = this.#options;
    const { character, priority, request } = wish;
    const key = hashOf(request.messages[0]?.content ?? "");
    const speaker = { character, priority, key };
    new RoutedRequest(wish, {
      ...this.#options,
      allowance: hedges === false ? undefined : this.#allowance,
      candidates: () => this.#candidates(speaker),
      isLast: (member) => isLast(member, this.#inService, clock.nowMs()),
    }).start();
  }

  keepWarm(character: string, prefix: (style: PromptStyle) => ChatMessage): () => void {
    const kept: Kept = { character, prefix, drops: new Map() };
    this.#kept.add(kept);
    this.#settle(kept);
    return () => {
      this.#kept.delete(kept);
      for (const drop of kept.drops.values()) drop();
    };
  }

  /** Makes the fleet of these: those that it has stay, new ones join, the others go. */
  become(specs: readonly MemberSpec[]): void {
    const before = this.#members;
    const next = specs.map((spec) => {
      const known = before.find(({ endpoint }) => endpoint === spec.endpoint);
      if (!known) return new FleetMember(spec, "joining");
      known.spec = spec;
      if (known.phase === "outgoing") known.phase = "serving";
      return known;
    });
    const leaving = before.filter((member) => !next.includes(member));
    const outgoing = leaving.filter(({ phase }) => phase !== "joining");
    for (const member of outgoing) member.phase = "outgoing";
    this.#set([...next, ...outgoing]);
    for (const member of leaving) {
      if (member.phase === "joining") this.#letGo(member, member.endpoint.close());
    }
    for (const member of next) if (!before.includes(member)) this.#start(member);
    this.#relieve();
  }

  /** Every endpoint is closed, with what is in flight. */
  async close(): Promise<void> {
    const all = [...this.#members, ...this.#retiring.keys()];
    await Promise.all(all.map(({ endpoint }) => endpoint.close()));
  }

  #start(member: FleetMember): void {
    const { site } = member.spec;
    const before = [...this.#retiring].filter(
      ([{ spec }]) => site !== undefined && spec.site === site,
    );
    const start = (): void => {
      if (this.#members.includes(member)) member.endpoint.start(() => this.#progressed(member));
    };
    if (before.length === 0) start();
    else void Promise.allSettled(before.map(([, closed]) => closed)).then(start);
  }

  /** A member, or one more prefix there, has become warm. */
  #progressed(member: FleetMember): void {
    if (!this.#members.includes(member)) return;
    this.#overlaps.look(member, this.#members);
    if (member.phase === "joining") {
      if (!member.isAvailable) return;
      // Cold prefixes cost their characters a miss: worth a wait, unless nobody answers meanwhile.
      if (member.endpoint.hasColdPrefix && this.unavailable === undefined) return;
      member.phase = "serving";
      this.#set(this.#members);
    }
    this.#relieve();
  }

  /** Lets those go that are to, once there is one that stays and can answer. */
  #relieve(): void {
    const outgoing = this.#members.filter(({ phase }) => phase === "outgoing");
    const canTakeOver = this.#members.some((one) => one.phase === "serving" && one.isAvailable);
    if (outgoing.length === 0 || !canTakeOver) return;
    this.#set(this.#members.filter(({ phase }) => phase !== "outgoing"));
    for (const member of outgoing) {
      // The addresses of one name have one origin, and each is an Ollama of its own.
      const heirs = (): Endpoint[] =>
        this.#members
          .filter(({ spec }) => spec.machine === member.spec.machine)
          .map(({ endpoint }) => endpoint);
      this.#letGo(member, member.endpoint.retire(heirs));
    }
  }

  #set(members: readonly FleetMember[]): void {
    this.#members = members;
    this.#inService = members.filter(({ phase }) => phase !== "joining");
    for (const kept of this.#kept) this.#settle(kept);
  }

  #letGo(member: FleetMember, closed: Promise<void>): void {
    this.#retiring.set(
      member,
      closed.finally(() => this.#retiring.delete(member)),
    );
  }

  #candidates(speaker: Speaker): FleetMember[] {
    return candidatesFor(speaker, this.#inService, this.#options.clock.nowMs());
  }

  /** Keeps a prefix where its character is at home, now and once those that join have joined. */
  #settle({ character, prefix, drops }: Kept): void {
    const staying = this.#members.filter(({ phase }) => phase !== "outgoing");
    const homes = new Set<Endpoint>();
    for (const among of [this.#inService, staying]) {
      const prefixAt = (member: FleetMember) => prefix(member.endpoint.promptStyle).content;
      for (const { endpoint } of homesOf(character, prefixAt, among)) homes.add(endpoint);
    }
    for (const endpoint of homes) {
      if (!drops.has(endpoint))
        drops.set(endpoint, endpoint.keepWarm(prefix(endpoint.promptStyle)));
    }
    for (const [endpoint, drop] of drops) {
      if (homes.has(endpoint)) continue;
      drop();
      drops.delete(endpoint);
    }
  }
}
