import { BUDGET_GUARD_MS } from "@banterwire/protocol/client";
import { MAX_LINE_TOKENS } from "../config.ts";
import { RateLimit } from "../policy/rate.ts";
import { type Arrival, Arrivals } from "./arrivals.ts";
import { Books, type Figures } from "./books.ts";
import { Cast } from "./cast.ts";
import { SimulatedEndpoint } from "./endpoint.ts";
import { SimulatedEngine } from "./engine.ts";
import { type Ending, SimulatedLine } from "./line.ts";
import { Random } from "./random.ts";
import type { EndpointScenario, Scenario } from "./scenario.ts";
import { LatencyModel, type ServiceTimes } from "./service-times.ts";
import { VirtualClock } from "./virtual-clock.ts";

/** The endpoint is brought up and its prefixes are read before the first player comes. */
const BRING_UP_MS = 60_000;
/** Every budget, line and generation is over by then. */
const AFTERMATH_MS = 180_000;
const LINE_LENGTH_SPREAD = 0.35;

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
  const { seed, roundTripMs, budgetMs } = scenario;
  const [endpointScenario] = scenario.endpoints;
  if (!endpointScenario) throw new RangeError("a scenario without an endpoint");
  const clock = new VirtualClock(-BRING_UP_MS);
  const cast = new Cast(scenario, new Random(seed, "cast"));
  const arrivals = new Arrivals(scenario, new Random(seed, "arrivals"));
  const lengths = new Random(seed, "lengths");
  const times = options.timesOf?.(endpointScenario) ?? new LatencyModel(endpointScenario.latency);
  const random = new Random(seed, "engine");
  const engine = new SimulatedEngine({ endpoint: endpointScenario, times, clock, random });
  const endpoint = new SimulatedEndpoint(endpointScenario, engine, clock, cast.prefixes);
  const books = new Books(scenario);
  const halfTripMs = roundTripMs / 2;
  const remainingMs = Math.floor(budgetMs - roundTripMs - BUDGET_GUARD_MS);
  const ended = (ending: Ending): void => {
    books.enter(ending);
    options.observe?.(ending);
  };

  const rates = new CueRates(scenario);
  const cue = (arrival: Arrival): void => {
    // The client itself answers what the sidecar would refuse, or would have no time for.
    const refused = remainingMs < 1 ? "budget" : rates.take(arrival) ? undefined : "shed";
    if (refused !== undefined) {
      return ended({
        arrival,
        source: "fallback",
        reason: refused,
        ttftMs: 0,
        queuedMs: undefined,
      });
    }
    const prompt = cast.promptFor(arrival.room, arrival.character);
    const tokens = tokensOf(scenario.lineTokens, lengths);
    const parts = { arrival, prompt, tokens, remainingMs, halfTripMs, endpoint, clock, ended };
    new SimulatedLine(parts).start();
  };
  const expectNext = (): void => {
    const arrival = arrivals.next();
    if (!arrival) return;
    clock.at(arrival.atMs + halfTripMs, () => {
      expectNext();
      cue(arrival);
    });
  };

  endpoint.start();
  clock.runUntil(0);
  const before = endpoint.use;
  expectNext();
  const endMs = scenario.minutes * 60_000;
  clock.runUntil(endMs);
  const after = endpoint.use;
  clock.runUntil(endMs + AFTERMATH_MS);
  const use = {
    busyMs: after.busyMs - before.busyMs,
    zombieMs: after.zombieMs - before.zombieMs,
    zombies: after.zombies - before.zombies,
  };
  return books.close(use, endMs * endpointScenario.slots);
}

/** How many cues a room and a game may send: the sidecar's own limits. */
class CueRates {
  readonly #scenario: Scenario;
  readonly #game: RateLimit;
  readonly #rooms = new Map<number, RateLimit>();

  constructor(scenario: Scenario) {
    this.#scenario = scenario;
    this.#game = new RateLimit(scenario.maxCuesPerSecondPerGame, 0);
  }

  take({ room, atMs }: Arrival): boolean {
    const known = this.#rooms.get(room);
    const rate = known ?? new RateLimit(this.#scenario.maxCuesPerSecondPerRoom, atMs);
    if (!known) this.#rooms.set(room, rate);
    return rate.take(atMs) && this.#game.take(atMs);
  }
}

function tokensOf(mean: number, random: Random): number {
  const tokens = Math.round(mean * random.logNormal(LINE_LENGTH_SPREAD));
  return Math.min(MAX_LINE_TOKENS, Math.max(1, tokens));
}
