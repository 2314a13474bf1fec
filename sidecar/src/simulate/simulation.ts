import { Books, type Figures } from "./books.ts";
import { SimulatedFleet } from "./fleet.ts";
import { Game } from "./game.ts";
import type { Ending } from "./line.ts";
import { SimulatedMember } from "./member.ts";
import type { EndpointScenario, Scenario } from "./scenario.ts";
import { LatencyModel, type ServiceTimes } from "./service-times.ts";
import { VirtualClock } from "./virtual-clock.ts";

/** The endpoints are brought up and their prefixes are read before the first player comes. */
const BRING_UP_MS = 60_000;
/** Every budget, line and generation is over by then. */
const AFTERMATH_MS = 180_000;

export interface SimulationOptions {
  /** How long an endpoint's generations take; by its `latency` unless told otherwise. */
  readonly timesOf?: (endpoint: EndpointScenario) => ServiceTimes;
  /** Told of each cue's end. */
  readonly observe?: (ending: Ending) => void;
  /** False to have no line asked for twice, to see what that gains. */
  readonly hedges?: boolean;
}

/**
 * Plays a scenario through in virtual time, on the policy modules that the sidecar itself runs. The
 * same scenario gives the same figures, to the last bit.
 */
export function simulate(scenario: Scenario, options: SimulationOptions = {}): Figures {
  const clock = new VirtualClock(-BRING_UP_MS);
  const books = new Books(scenario);
  const game = new Game(scenario, clock, (ending) => {
    books.enter(ending);
    options.observe?.(ending);
  });
  const fleet = fleetOf(scenario, options, clock);
  for (const speaker of game.speakers) fleet.keepWarm(speaker);

  fleet.start();
  clock.runUntil(0);
  for (const { endpoint } of fleet.members) endpoint.clearUse();
  game.play(fleet);
  const endMs = scenario.minutes * 60_000;
  clock.runUntil(endMs);
  const served = fleet.members.map(({ name, spec: { slots }, endpoint: { use } }) => {
    return { name, slots, use };
  });
  clock.runUntil(endMs + AFTERMATH_MS);
  return books.close(served, fleet.counts);
}

function fleetOf(
  { endpoints, seed }: Scenario,
  { timesOf, hedges = true }: SimulationOptions,
  clock: VirtualClock,
): SimulatedFleet {
  const members = endpoints.map((scenario, index) => {
    const times = timesOf?.(scenario) ?? new LatencyModel(scenario.latency);
    return new SimulatedMember({ scenario, index, times, clock, seed });
  });
  return new SimulatedFleet({ members, clock, hedges });
}
