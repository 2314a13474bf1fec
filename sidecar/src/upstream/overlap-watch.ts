import type { Observe } from "../happening.ts";
import { isSpilled, type Overlap, overlapOf } from "../policy/overlap.ts";
import type { Endpoint } from "./endpoint.ts";
import type { FleetMember } from "./fleet-member.ts";

/** Tells of endpoints that add less than they seem to, of each once. */
export class OverlapWatch {
  readonly #observe: Observe;
  readonly #told: Readonly<Record<Overlap, WeakSet<Endpoint>>> = {
    sameProcess: new WeakSet(),
    sameGpu: new WeakSet(),
    sameCpu: new WeakSet(),
  };

  constructor(observe: Observe) {
    this.#observe = observe;
  }

  /** Compares one, of which something new may be known, with the others. */
  look(member: FleetMember, all: readonly FleetMember[]): void {
    // One that is to go may well be at the place of one that is to come.
    const staying = all.filter(({ phase }) => phase !== "outgoing");
    if (!staying.includes(member)) return;
    for (const other of staying) {
      const overlap = other === member ? undefined : overlapOf(other.settled, member.settled);
      if (overlap === undefined || this.#told[overlap].has(member.endpoint)) continue;
      this.#told[overlap].add(member.endpoint).add(other.endpoint);
      const both = [other, member];
      const spilled = both.filter(({ settled }) => isSpilled(settled));
      this.#observe({
        kind: overlap,
        endpoints: both.map(({ spec }) => spec.name),
        ...(spilled.length > 0 && { partlyOnCpu: spilled.map(({ spec }) => spec.name) }),
      });
    }
  }
}
