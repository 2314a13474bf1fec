import { BUDGET_GUARD_MS } from "@banterwire/protocol/client";
import { MAX_LINE_TOKENS } from "../config.ts";
import { RateLimit } from "../policy/rate.ts";
import { type Arrival, Arrivals } from "./arrivals.ts";
import { Cast } from "./cast.ts";
import type { SimulatedFleet } from "./fleet.ts";
import { type Ending, SimulatedLine } from "./line.ts";
import { Random } from "./random.ts";
import type { Scenario } from "./scenario.ts";
import type { VirtualClock } from "./virtual-clock.ts";

const LINE_LENGTH_SPREAD = 0.35;

/** The game server with its players: sends its cues when they are due, as far as it may. */
export class Game {
  /** Who is in its rooms. */
  readonly speakers: Cast["speakers"];
  readonly #scenario: Scenario;
  readonly #clock: VirtualClock;
  readonly #ended: (ending: Ending) => void;
  readonly #cast: Cast;
  readonly #arrivals: Arrivals;
  readonly #lengths: Random;
  /** What the client leaves the sidecar of each budget. */
  readonly #remainingMs: number;
  readonly #gameRate: RateLimit;
  readonly #roomRates = new Map<number, RateLimit>();

  /** @param ended told of each cue's end, once */
  constructor(scenario: Scenario, clock: VirtualClock, ended: (ending: Ending) => void) {
    const { seed, budgetMs, roundTripMs, maxCuesPerSecondPerGame } = scenario;
    this.#scenario = scenario;
    this.#clock = clock;
    this.#ended = ended;
    this.#cast = new Cast(scenario, new Random(seed, "cast"));
    this.speakers = this.#cast.speakers;
    this.#arrivals = new Arrivals(scenario, new Random(seed, "arrivals"));
    this.#lengths = new Random(seed, "lengths");
    this.#remainingMs = Math.floor(budgetMs - roundTripMs - BUDGET_GUARD_MS);
    this.#gameRate = new RateLimit(maxCuesPerSecondPerGame, 0);
  }

  /** Its cues go to those endpoints, until the game is over. */
  play(fleet: SimulatedFleet): void {
    const arrival = this.#arrivals.next();
    if (!arrival) return;
    this.#clock.at(arrival.atMs + this.#scenario.roundTripMs / 2, () => {
      this.play(fleet);
      this.#cue(arrival, fleet);
    });
  }

  #cue(arrival: Arrival, fleet: SimulatedFleet): void {
    const refused = this.#refusal(arrival);
    if (refused !== undefined) {
      const times = { ttftMs: 0, queuedMs: undefined };
      const nobody = { home: undefined, by: undefined };
      return this.#ended({ arrival, source: "fallback", reason: refused, ...times, ...nobody });
    }
    const line = new SimulatedLine({
      arrival,
      prompt: this.#cast.promptFor(arrival.room, arrival.character),
      tokens: this.#tokens(),
      remainingMs: this.#remainingMs,
      halfTripMs: this.#scenario.roundTripMs / 2,
      fleet,
      clock: this.#clock,
      ended: this.#ended,
    });
    line.start();
  }

  /** The client itself answers what the sidecar would refuse, or would have no time for. */
  #refusal({ room, atMs }: Arrival): "budget" | "shed" | undefined {
    if (this.#remainingMs < 1) return "budget";
    const known = this.#roomRates.get(room);
    const rate = known ?? new RateLimit(this.#scenario.maxCuesPerSecondPerRoom, atMs);
    if (!known) this.#roomRates.set(room, rate);
    return rate.take(atMs) && this.#gameRate.take(atMs) ? undefined : "shed";
  }

  #tokens(): number {
    const mean = this.#scenario.lineTokens;
    const tokens = Math.round(mean * this.#lengths.logNormal(LINE_LENGTH_SPREAD));
    return Math.min(MAX_LINE_TOKENS, Math.max(1, tokens));
  }
}
