import { addOutcome, type HitRates, NO_HITS, type Outcome } from "@banterwire/protocol/client";
import type { SlotUse } from "./endpoint.ts";
import { type Quantiles, quantilesOf, ratesOf } from "./statistics.ts";

/** One endpoint, and what its slots were used for in a run. */
export interface Served {
  readonly name: string;
  readonly slots: number;
  readonly use: SlotUse;
}

/** What a run came to at one endpoint. */
export interface EndpointFigures {
  readonly name: string;
  readonly slots: number;
  /** Whose characters were at home there when they came, whoever answered; ambient ones apart. */
  readonly cues: number;
  readonly modelHitRate: number | null;
  readonly anyHitRate: number | null;
  /** Generations for cues that were begun there. */
  readonly begun: number;
  /** Lines that it spoke in time, wherever their characters were at home. */
  readonly modelHits: number;
  /** Of all lines that it spoke, as the room sees it, milliseconds. */
  readonly modelTtftMs: Quantiles;
  /** Shares of its slots' time. */
  readonly slotsBusy: number;
  readonly slotsZombie: number;
  readonly zombies: number;
  /** Slots that were taken at one time, at most; zombies counted. */
  readonly mostAtOnce: number;
}

/** Keeps the books of one endpoint. */
export class EndpointBooks {
  #home: HitRates = NO_HITS;
  #modelHits = 0;
  readonly #modelTtftMs: number[] = [];

  /** A cue of a character that was at home here. */
  enterHome(outcome: Outcome): void {
    this.#home = addOutcome(this.#home, outcome);
  }

  /** A line that it spoke. */
  enterLine(ttftMs: number, isHit: boolean): void {
    this.#modelTtftMs.push(ttftMs);
    if (isHit) this.#modelHits++;
  }

  close({ name, slots, use }: Served, endMs: number): EndpointFigures {
    const slotMs = slots * endMs;
    return {
      name,
      slots,
      cues: this.#home.cues,
      ...ratesOf(this.#home),
      begun: use.begun,
      modelHits: this.#modelHits,
      modelTtftMs: quantilesOf(this.#modelTtftMs),
      slotsBusy: use.busyMs / slotMs,
      slotsZombie: use.zombieMs / slotMs,
      zombies: use.zombies,
      mostAtOnce: use.mostAtOnce,
    };
  }
}
