import type { Priority } from "@banterwire/protocol";
import type { Settled } from "../policy/overlap.ts";
import { hashOf } from "../policy/placement.ts";
import type { Candidate } from "../policy/roster.ts";
import { Trust } from "../policy/trust.ts";
import type { Endpoint } from "./endpoint.ts";

/** An endpoint of a fleet, and what it is for. */
export interface MemberSpec {
  readonly endpoint: Endpoint;
  /** For people and metrics, such as `ollama-2`. */
  readonly name: string;
  /** Its address and model: what decides which characters are at home there. */
  readonly place: string;
  /** Where its slots are. One that is let go there ends its lines before another one begins. */
  readonly site?: string | undefined;
  readonly slots: number;
  /** The priorities that it is for; others stand in where those cannot. */
  readonly serves: readonly Priority[];
  /** The characters that it is for; all that no other endpoint is for if there are none. */
  readonly characters: readonly string[];
  /** The host that it is on, as its address says; undefined where nobody knows. */
  readonly machine?: string | undefined;
  /** The GPU that it has to itself, as the configuration says. */
  readonly gpu?: string | undefined;
}

/**
 * `joining`: brought up beside the others. `serving`: lines come from it. `outgoing`: they still
 * do, until another one can take over.
 */
export type MemberPhase = "joining" | "serving" | "outgoing";

/** One endpoint of a fleet. */
export class FleetMember implements Candidate {
  /** A reload may say that it is for others. */
  spec: MemberSpec;
  phase: MemberPhase;
  readonly id: number;
  readonly trust = new Trust();

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

  /** Where it is, and its model there. */
  get settled(): Settled {
    const { machine, gpu, endpoint } = this.spec;
    return { machine, gpu, ...endpoint.residence };
  }

  get warmSinceMs(): number {
    return this.endpoint.warmSinceMs;
  }
}
