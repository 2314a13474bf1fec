import { Books, type Figures } from "./books.ts";
import { SimulatedEndpoint } from "./endpoint.ts";
import { SimulatedEngine } from "./engine.ts";
import { Game } from "./game.ts";
import type { Ending } from "./line.ts";
import { Random } from "./random.ts";
import type { EndpointScenario, Scenario } from "./scenario.ts";
import { LatencyModel, type ServiceTimes } from "./service-times.ts";
import { VirtualClock } from "./virtual-clock.ts";

/** The endpoint is brought up and its prefixes are read before the first player comes. */
const BRING_UP_MS = 60_000;
/** Every budget, line and generation is over by then. */
const AFTERMATH_MS = 180_000;

export interface SimulationOptions {
  /** How long an endpoint's generations take; by its `latency` unless told otherwise. */
  readonly timesOf?: (endpoint: EndpointScenario) => ServiceTimes;
  /** Told of each cue's end. */
  readonly observe?: (ending: Ending) => void;
}

/**
 * Plays a scenario through in virtual time, on the policy modules that the sidecar itself runs. The
 * same scenario gives the same figures, to the last bit.
 */
export function simulate(scenario: Scenario, options: SimulationOptions = {}): Figures {
  const [served] = scenario.endpoints;
  if (!served) throw new RangeError("a scenario without an endpoint");
  const clock = new VirtualClock(-BRING_UP_MS);
  const books = new Books(scenario);
  const game = new Game(scenario, clock, (ending) => {
    books.enter(ending);
    options.observe?.(ending);
  });
  const times = options.timesOf?.(served) ?? new LatencyModel(served.latency);
  const random = new Random(scenario.seed, "engine");
  const engine = new SimulatedEngine({ endpoint: served, times, clock, random });
  const endpoint = new SimulatedEndpoint(served, engine, clock, game.prefixes);

  endpoint.start();
  clock.runUntil(0);
  const before = endpoint.use;
  game.play(endpoint);
  const endMs = scenario.minutes * 60_000;
  clock.runUntil(endMs);
  const after = endpoint.use;
  clock.runUntil(endMs + AFTERMATH_MS);
  const use = {
    busyMs: after.busyMs - before.busyMs,
    zombieMs: after.zombieMs - before.zombieMs,
    zombies: after.zombies - before.zombies,
  };
  return books.close(use, endMs * served.slots);
}
