import { internalDeadlineMs } from "../policy/budget.ts";
import type { Prompt } from "../policy/prefix-ledger.ts";
import type { Arrival } from "./arrivals.ts";
import type { Asker } from "./endpoint.ts";
import type { SimulatedFleet } from "./fleet.ts";
import type { AskedCue } from "./routed-cue.ts";
import type { VirtualClock } from "./virtual-clock.ts";

/** How one cue was answered. Times in milliseconds, as its room saw them. */
export interface Ending {
  readonly arrival: Arrival;
  readonly source: "model" | "fallback" | "none";
  /**
   * `budget`: the model was too late. `shed`: it could not make it, or there was no place.
   * `upstream`: it could not be asked, or failed. `truncated`: it failed in the middle of the line.
   */
  readonly reason: "complete" | "budget" | "shed" | "upstream" | "truncated";
  readonly ttftMs: number | undefined;
  /** In line for a slot; undefined if it never had one. */
  readonly queuedMs: number | undefined;
  /** The endpoint where its character was at home, and the one whose text it has; from 0. */
  readonly home: number | undefined;
  readonly by: number | undefined;
}

export interface LineParts {
  readonly arrival: Arrival;
  readonly prompt: Prompt;
  readonly tokens: number;
  /** What the client leaves the sidecar of the budget. */
  readonly remainingMs: number;
  readonly halfTripMs: number;
  readonly fleet: SimulatedFleet;
  readonly clock: VirtualClock;
  readonly ended: (ending: Ending) => void;
}

/** The sidecar's line, as far as its times go: one end, from the model or not. */
export class SimulatedLine implements Asker {
  readonly #parts: LineParts;
  readonly #arrivedMs: number;
  #state: "waiting" | "speaking" | "ended" = "waiting";
  #grantedMs: number | undefined;
  #firstMs: number | undefined;
  #cue: AskedCue | undefined;
  #disarm: () => void = () => {};

  constructor(parts: LineParts) {
    this.#parts = parts;
    this.#arrivedMs = parts.clock.nowMs;
  }

  start(): void {
    const { fleet, arrival, prompt, tokens, remainingMs, clock } = this.#parts;
    const { room, character, priority } = arrival;
    if (!fleet.isWell) return this.#fallBack("upstream");
    const deadlineMs = internalDeadlineMs(this.#arrivedMs, remainingMs);
    this.#disarm = clock.at(deadlineMs, () => this.#missDeadline());
    const wish = { priority, room, deadlineMs, prompt };
    this.#cue = fleet.cue(this, String(character), wish, tokens);
    this.#cue.start();
  }

  granted(): void {
    this.#grantedMs ??= this.#parts.clock.nowMs;
  }

  shed(): void {
    this.#fallBack("shed");
  }

  preempted(): void {
    this.#breakOff("shed");
  }

  first(): void {
    this.#disarm();
    this.#state = "speaking";
    this.#firstMs = this.#parts.clock.nowMs;
  }

  done(): void {
    this.#end("model", "complete");
  }

  failed(): void {
    this.#breakOff("upstream");
  }

  #missDeadline(): void {
    this.#cue?.leave(true);
    this.#fallBack("budget");
  }

  #breakOff(reason: Ending["reason"]): void {
    if (this.#state === "waiting") this.#fallBack(reason);
    else this.#end("model", "truncated");
  }

  #fallBack(reason: Ending["reason"]): void {
    // Ambience that is shed is silence.
    if (reason === "shed" && this.#parts.arrival.priority === "ambient") {
      return this.#end("none", reason);
    }
    this.#firstMs = this.#parts.clock.nowMs;
    this.#end("fallback", reason);
  }

  #end(source: Ending["source"], reason: Ending["reason"]): void {
    if (this.#state === "ended") return;
    this.#state = "ended";
    this.#disarm();
    const { arrival, halfTripMs, ended } = this.#parts;
    const ttftMs =
      this.#firstMs === undefined ? undefined : this.#firstMs + halfTripMs - arrival.atMs;
    const queuedMs = this.#grantedMs === undefined ? undefined : this.#grantedMs - this.#arrivedMs;
    const home = this.#cue?.home?.index;
    const by = source === "model" ? this.#cue?.by?.index : undefined;
    ended({ arrival, source, reason, ttftMs, queuedMs, home, by });
  }
}
