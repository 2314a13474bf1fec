import { type Priority, PRIORITIES } from "@banterwire/protocol";
import { addOutcome, type HitRates, NO_HITS } from "@banterwire/protocol/client";
import { EndpointBooks, type EndpointFigures, type Served } from "./endpoint-books.ts";
import type { RouteCounts } from "./fleet.ts";
import type { Ending } from "./line.ts";
import type { Scenario } from "./scenario.ts";
import { jainOf, type Quantiles, quantilesOf, ratesOf } from "./statistics.ts";

/** How the cues of one priority ended. All of them add up to `cues`. */
export interface PriorityFigures {
  readonly cues: number;
  readonly complete: number;
  readonly truncated: number;
  readonly budget: number;
  readonly shed: number;
  readonly upstream: number;
}

/** What a run came to. Rates are of cues, ambient ones apart; null where there were none. */
export interface Figures {
  readonly cues: number;
  readonly ambient: number;
  readonly modelHitRate: number | null;
  readonly anyHitRate: number | null;
  /** Model hits a second. */
  readonly goodputPerSecond: number;
  readonly offeredPerSecond: number;
  readonly priorities: Readonly<Record<Priority, PriorityFigures>>;
  /** Of those that were sent to the model, milliseconds. */
  readonly queueMs: Quantiles;
  /** Of lines from the model, as the room sees it, milliseconds. */
  readonly modelTtftMs: Quantiles;
  /** Of all lines, authored ones included, milliseconds. */
  readonly anyTtftMs: Quantiles;
  /** Jain's index of the rooms' model hit rates: 1 where all have the same. */
  readonly fairness: number | null;
  /** Shares of all slots' time. */
  readonly slotsBusy: number;
  readonly slotsZombie: number;
  readonly zombies: number;
  readonly routes: RouteCounts;
  /** In the scenario's order. */
  readonly endpoints: readonly EndpointFigures[];
  /** Over time, in equal parts of the run. */
  readonly timeline: readonly TimelinePart[];
}

export interface TimelinePart {
  readonly fromSeconds: number;
  readonly cues: number;
  readonly modelHitRate: number | null;
  readonly anyHitRate: number | null;
  /** The model's, as the part of it that each endpoint spoke; null where there were no cues. */
  readonly modelHitRateBy: readonly (number | null)[];
}

const TIMELINE_PARTS = 60;
const NO_ENDINGS = { cues: 0, complete: 0, truncated: 0, budget: 0, shed: 0, upstream: 0 };

/** Keeps the books of a run, and closes them. */
export class Books {
  readonly #scenario: Scenario;
  readonly #endMs: number;
  #hits = NO_HITS;
  readonly #parts: HitRates[];
  readonly #endpoints: readonly EndpointBooks[];
  /** In each part of the run, the model hits of each endpoint. */
  readonly #hitsBy: readonly number[][];
  readonly #rooms = new Map<number, { cues: number; hits: number }>();
  readonly #priorities: Record<Priority, { -readonly [Key in keyof PriorityFigures]: number }>;
  readonly #queuedMs: number[] = [];
  readonly #modelTtftMs: number[] = [];
  readonly #anyTtftMs: number[] = [];

  constructor(scenario: Scenario) {
    this.#scenario = scenario;
    this.#endMs = scenario.minutes * 60_000;
    this.#parts = Array.from({ length: TIMELINE_PARTS }, () => NO_HITS);
    this.#endpoints = scenario.endpoints.map(() => new EndpointBooks());
    this.#hitsBy = this.#parts.map(() => scenario.endpoints.map(() => 0));
    this.#priorities = {
      reply: { ...NO_ENDINGS },
      nearby: { ...NO_ENDINGS },
      ambient: { ...NO_ENDINGS },
    };
  }

  enter(ending: Ending): void {
    const { arrival, source, reason, ttftMs, queuedMs, home } = ending;
    const { priority, room } = arrival;
    const kept = this.#priorities[priority];
    kept.cues++;
    kept[reason]++;
    if (queuedMs !== undefined) this.#queuedMs.push(queuedMs);
    const { budgetMs } = this.#scenario;
    const outcome = { ...OUTCOME, priority, source, ttftMs, budgetMs };
    const before = this.#hits.modelHits;
    this.#hits = addOutcome(this.#hits, outcome);
    if (priority === "ambient") return;
    const hits = this.#hits.modelHits - before;
    const part = this.#partOf(ending);
    this.#parts[part] = addOutcome(this.#parts[part] ?? NO_HITS, outcome);
    this.#countRoom(room, hits);
    if (home !== undefined) this.#endpoints[home]?.enterHome(outcome);
    if (ttftMs === undefined) return;
    this.#anyTtftMs.push(ttftMs);
    if (source === "model") this.#enterLine(ending, ttftMs, hits);
  }

  close(served: readonly Served[], routes: RouteCounts): Figures {
    const seconds = this.#endMs / 1_000;
    const { cues, ambient, modelHits } = this.#hits;
    const slotMs = sumOf(served, ({ slots }) => slots) * this.#endMs;
    return {
      cues,
      ambient,
      ...ratesOf(this.#hits),
      goodputPerSecond: modelHits / seconds,
      offeredPerSecond: (cues + ambient) / seconds,
      priorities: this.#priorities,
      queueMs: quantilesOf(this.#queuedMs),
      modelTtftMs: quantilesOf(this.#modelTtftMs),
      anyTtftMs: quantilesOf(this.#anyTtftMs),
      fairness: jainOf(Array.from(this.#rooms.values(), ({ cues, hits }) => hits / cues)),
      slotsBusy: sumOf(served, ({ use }) => use.busyMs) / slotMs,
      slotsZombie: sumOf(served, ({ use }) => use.zombieMs) / slotMs,
      zombies: sumOf(served, ({ use }) => use.zombies),
      routes,
      endpoints: served.flatMap(
        (one, index) => this.#endpoints[index]?.close(one, this.#endMs) ?? [],
      ),
      timeline: this.#parts.map((hits, index) => ({
        fromSeconds: (index * seconds) / TIMELINE_PARTS,
        cues: hits.cues,
        ...ratesOf(hits),
        modelHitRateBy: (this.#hitsBy[index] ?? []).map((own) =>
          hits.cues === 0 ? null : own / hits.cues,
        ),
      })),
    };
  }

  #partOf({ arrival: { atMs } }: Ending): number {
    return Math.min(TIMELINE_PARTS - 1, Math.floor((atMs / this.#endMs) * TIMELINE_PARTS));
  }

  #enterLine(ending: Ending, ttftMs: number, hits: number): void {
    this.#modelTtftMs.push(ttftMs);
    const { by } = ending;
    if (by === undefined) return;
    this.#endpoints[by]?.enterLine(ttftMs, hits > 0);
    const part = this.#hitsBy[this.#partOf(ending)];
    if (part) part[by] = (part[by] ?? 0) + hits;
  }

  #countRoom(room: number, hits: number): void {
    const counts = this.#rooms.get(room);
    if (!counts) this.#rooms.set(room, { cues: 1, hits });
    else {
      counts.cues++;
      counts.hits += hits;
    }
  }
}

const OUTCOME = { withdrawn: false, silent: false, roomStall: false };

/** All priorities' endings together. */
export function totalOf(figures: Figures, what: keyof PriorityFigures): number {
  return PRIORITIES.reduce((sum, priority) => sum + figures.priorities[priority][what], 0);
}

function sumOf<One>(all: readonly One[], valueOf: (one: One) => number): number {
  return all.reduce((sum, one) => sum + valueOf(one), 0);
}
