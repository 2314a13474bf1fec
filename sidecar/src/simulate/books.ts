import { type Priority, PRIORITIES } from "@banterwire/protocol";
import { addOutcome, type HitRates, NO_HITS } from "@banterwire/protocol/client";
import type { SlotUse } from "./endpoint.ts";
import type { Ending } from "./line.ts";
import type { Scenario } from "./scenario.ts";

export interface Quantiles {
  readonly p50: number | null;
  readonly p95: number | null;
  readonly p99: number | null;
}

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
  /** Over time, in equal parts of the run. */
  readonly timeline: readonly TimelinePart[];
}

export interface TimelinePart {
  readonly fromSeconds: number;
  readonly cues: number;
  readonly modelHitRate: number | null;
  readonly anyHitRate: number | null;
}

const TIMELINE_PARTS = 60;
const NO_ENDINGS = { cues: 0, complete: 0, truncated: 0, budget: 0, shed: 0, upstream: 0 };

/** Keeps the books of a run, and closes them. */
export class Books {
  readonly #scenario: Scenario;
  readonly #endMs: number;
  #hits = NO_HITS;
  readonly #parts: HitRates[];
  readonly #rooms = new Map<number, { cues: number; hits: number }>();
  readonly #priorities: Record<Priority, { -readonly [Key in keyof PriorityFigures]: number }>;
  readonly #queuedMs: number[] = [];
  readonly #modelTtftMs: number[] = [];
  readonly #anyTtftMs: number[] = [];

  constructor(scenario: Scenario) {
    this.#scenario = scenario;
    this.#endMs = scenario.minutes * 60_000;
    this.#parts = Array.from({ length: TIMELINE_PARTS }, () => NO_HITS);
    this.#priorities = {
      reply: { ...NO_ENDINGS },
      nearby: { ...NO_ENDINGS },
      ambient: { ...NO_ENDINGS },
    };
  }

  enter({ arrival, source, reason, ttftMs, queuedMs }: Ending): void {
    const { priority, room, atMs } = arrival;
    const { budgetMs } = this.#scenario;
    const kept = this.#priorities[priority];
    kept.cues++;
    kept[reason]++;
    if (queuedMs !== undefined) this.#queuedMs.push(queuedMs);
    if (priority === "ambient") {
      this.#hits = { ...this.#hits, ambient: this.#hits.ambient + 1 };
      return;
    }
    const outcome = { ...OUTCOME, priority, source, ttftMs, budgetMs };
    const before = this.#hits.modelHits;
    this.#hits = addOutcome(this.#hits, outcome);
    this.#countRoom(room, this.#hits.modelHits - before);
    const part = Math.min(TIMELINE_PARTS - 1, Math.floor((atMs / this.#endMs) * TIMELINE_PARTS));
    this.#parts[part] = addOutcome(this.#parts[part] ?? NO_HITS, outcome);
    if (ttftMs === undefined) return;
    this.#anyTtftMs.push(ttftMs);
    if (source === "model") this.#modelTtftMs.push(ttftMs);
  }

  close({ busyMs, zombieMs, zombies }: SlotUse, slotMs: number): Figures {
    const seconds = this.#endMs / 1_000;
    const { cues, ambient, modelHits } = this.#hits;
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
      slotsBusy: busyMs / slotMs,
      slotsZombie: zombieMs / slotMs,
      zombies,
      timeline: this.#parts.map((hits, index) => ({
        fromSeconds: (index * seconds) / TIMELINE_PARTS,
        cues: hits.cues,
        ...ratesOf(hits),
      })),
    };
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

function ratesOf({ cues, modelHits, anyHits }: HitRates) {
  return {
    modelHitRate: cues === 0 ? null : modelHits / cues,
    anyHitRate: cues === 0 ? null : anyHits / cues,
  };
}

/** The nearest ranks. */
export function quantilesOf(values: readonly number[]): Quantiles {
  const sorted = Float64Array.from(values).sort();
  const at = (q: number): number | null =>
    sorted[Math.min(sorted.length - 1, Math.ceil(q * sorted.length) - 1)] ?? null;
  return { p50: at(0.5), p95: at(0.95), p99: at(0.99) };
}

/** (sum of x)^2 / (n x sum of x^2): 1 where all are equal, 1/n where one has everything. */
export function jainOf(values: readonly number[]): number | null {
  const sum = values.reduce((total, value) => total + value, 0);
  const squares = values.reduce((total, value) => total + value * value, 0);
  return squares === 0 ? null : (sum * sum) / (values.length * squares);
}
