import { hashOf } from "../policy/placement.ts";
import type { Candidate } from "../policy/roster.ts";
import { Trust } from "../policy/trust.ts";
import { SimulatedEndpoint } from "./endpoint.ts";
import { SimulatedEngine } from "./engine.ts";
import { Random } from "./random.ts";
import type { EndpointScenario } from "./scenario.ts";
import type { ServiceTimes } from "./service-times.ts";
import type { VirtualClock } from "./virtual-clock.ts";

export interface MemberParts {
  readonly scenario: EndpointScenario;
  /** From 0, in the scenario's order. */
  readonly index: number;
  readonly times: ServiceTimes;
  readonly clock: VirtualClock;
  readonly seed: number;
}

/** One of the endpoints that a game's cues may go to. */
export class SimulatedMember implements Candidate {
  readonly index: number;
  /** As the sidecar names them. */
  readonly name: string;
  readonly id: number;
  readonly spec: Candidate["spec"];
  readonly trust = new Trust();
  readonly endpoint: SimulatedEndpoint;

  constructor({ scenario, index, times, clock, seed }: MemberParts) {
    this.index = index;
    this.name = nameOf(index);
    this.id = hashOf(this.name);
    this.spec = { ...scenario, characters: scenario.characters.map(String) };
    const stream = index === 0 ? "engine" : `engine ${index}`;
    const random = new Random(seed, stream);
    const engine = new SimulatedEngine({ endpoint: scenario, times, clock, random });
    this.endpoint = new SimulatedEndpoint(scenario, engine, clock);
  }

  get isAvailable(): boolean {
    return this.endpoint.health.isWell;
  }

  get warmSinceMs(): number {
    return this.endpoint.health.warmSinceMs;
  }
}

export function nameOf(index: number): string {
  return index === 0 ? "ollama" : `ollama-${index + 1}`;
}
