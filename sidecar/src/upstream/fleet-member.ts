import type { Priority } from "@banterwire/protocol";
import type { ChatMessage } from "../chat.ts";
import {
  advanceStanding,
  IN_GOOD_STANDING,
  shareOf,
  type Standing,
  standingAt,
} from "../policy/ejection.ts";
import { HEDGE_FROM } from "../policy/hedging.ts";
import { hashOf } from "../policy/placement.ts";
import { Recent } from "../policy/recent.ts";
import type { Endpoint } from "./endpoint.ts";

/** An endpoint of a fleet, and what it is for. */
export interface MemberSpec {
  readonly endpoint: Endpoint;
  /** For people and metrics, such as `ollama-2`. */
  readonly name: string;
  /** Its address and model: what decides which characters are at home there. */
  readonly place: string;
  readonly slots: number;
  /** The priorities that it is for; others stand in where those cannot. */
  readonly serves: readonly Priority[];
  /** The characters that it is for; all that no other endpoint is for if there are none. */
  readonly characters: readonly string[];
}

/**
 * `joining`: brought up beside the others. `serving`: lines come from it. `outgoing`: they still
 * do, until another one can take over.
 */
export type MemberPhase = "joining" | "serving" | "outgoing";

/** First tokens by which the late ones are told. */
const RECENT_FIRST_TOKENS = 256;
const TRY_OUT_INTERVAL_MS = 1_000;

/** One endpoint of a fleet: how far it is trusted, and what is late for it. */
export class FleetMember {
  /** A reload may say that it is for others. */
  spec: MemberSpec;
  phase: MemberPhase;
  readonly id: number;
  readonly #firstTokens = new Recent(RECENT_FIRST_TOKENS);
  #standing: Standing = IN_GOOD_STANDING;
  #triedOutMs = -Infinity;

  constructor(spec: MemberSpec, phase: MemberPhase) {
    this.spec = spec;
    this.phase = phase;
    this.id = hashOf(spec.place);
  }

  get endpoint(): Endpoint {
    return this.spec.endpoint;
  }

  get isAvailable(): boolean {
    return this.endpoint.unavailable === undefined;
  }

  isEjected(nowMs: number): boolean {
    return standingAt(this.#standing, nowMs).name === "out";
  }

  /** Its weight among those who may answer now. */
  weightAt(nowMs: number): number {
    if (!this.isAvailable) return 0;
    return this.spec.slots * shareOf(this.#standing, this.endpoint.warmSinceMs, nowMs);
  }

  /** What 95 in 100 first tokens stay within, from their slot on, milliseconds. */
  get p95Ms(): number | undefined {
    return this.#firstTokens.count < HEDGE_FROM ? undefined : this.#firstTokens.quantile(0.95);
  }

  /** Has it find out what it takes now, now and then, while its characters stay away. */
  tryOut(prefix: ChatMessage | undefined, nowMs: number): void {
    if (nowMs - this.#triedOutMs < TRY_OUT_INTERVAL_MS) return;
    this.#triedOutMs = nowMs;
    this.endpoint.tryOut(prefix);
  }

  /** A first chunk came. */
  answered(ttftMs: number, nowMs: number): void {
    this.#firstTokens.add(ttftMs);
    this.#standing = advanceStanding(this.#standing, { name: "answer" }, nowMs);
  }

  /** A generation was given up without a chunk, as too late; says whether this has it ejected. */
  wasLate(waitedMs: number, isLast: boolean, nowMs: number): boolean {
    this.#firstTokens.add(waitedMs);
    return this.failed(isLast, nowMs);
  }

  /** A generation failed before its first text; says whether this has it ejected. */
  failed(isLast: boolean, nowMs: number): boolean {
    const wasOut = this.isEjected(nowMs);
    this.#standing = advanceStanding(this.#standing, { name: "failure", isLast }, nowMs);
    return !wasOut && this.isEjected(nowMs);
  }
}
