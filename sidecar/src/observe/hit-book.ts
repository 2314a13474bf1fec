import { addOutcome, type HitRates, NO_HITS, type Outcome } from "@banterwire/protocol/client";
import type { OutcomeReport, Priority } from "@banterwire/protocol";
import type { CueTaken, Happening, LineEnded } from "../happening.ts";

/** How long after a line's end its room may take to report the outcome; then it is a miss. */
export const REPORT_WITHIN_MS = 10_000;
/** Lines whose outcome is awaited; past it the oldest is settled as a miss at once. */
export const MAX_AWAITED = 16_384;
/** Settled lines that are remembered, so that a second report of one counts for nothing. */
const MAX_SETTLED = 16_384;

/** Counts of cues. `unreported`: those of `cues` whose room never told how they went. */
export interface HitCounts extends HitRates {
  readonly unreported: number;
}

interface Awaited {
  readonly connection: number;
  readonly room: number;
  readonly line: number;
  readonly priority: Priority;
}

interface Ended extends Awaited {
  readonly silent: boolean;
  readonly dueMs: number;
}

const NO_COUNTS: HitCounts = { ...NO_HITS, unreported: 0 };
const MINUTE_SECONDS = 60;

/**
 * Both hit rates, as the rooms saw them: every cue counts once, when its outcome is reported, or
 * as a miss `REPORT_WITHIN_MS` after its end here. A report of a line that never came here counts
 * too: a room that could not reach the sidecar has missed. A cue that is asked again in a new session
 * counts in both, as a miss in the old one: two games may use the same ids, so that to take the two
 * for one could hide a real miss. Time is handed in.
 */
export class HitBook {
  readonly #open = new Map<string, Awaited>();
  /** In the order in which they fall due. */
  readonly #ended = new Map<string, Ended>();
  readonly #settled = new Set<string>();
  /**
   * Awaited lines of ended sessions by room and line: the game may report them on its next one. One
   * that is settled is not looked for here: a game that was started anew uses its ids again.
   */
  readonly #adrift = new Map<string, string>();
  readonly #seconds = new Map<number, HitCounts>();
  #sinceStart = NO_COUNTS;

  observe(happening: Happening, nowMs: number): void {
    this.#settleDue(nowMs);
    switch (happening.kind) {
      case "cueTaken":
        return this.#await(happening, nowMs);
      case "lineEnded":
        return this.#end(keyOf(happening), happening.reason, nowMs);
      case "errorSent": {
        const { connection, line } = happening;
        if (line !== null) this.#end(keyOf({ connection, line }), "refused", nowMs);
        return;
      }
      case "sessionEnded":
        return this.#setAdrift(happening.connection);
      case "outcomeReported":
        return this.#report(happening.connection, happening.report, nowMs);
      default:
        return;
    }
  }

  sinceStart(nowMs: number): HitCounts {
    this.#settleDue(nowMs);
    return this.#sinceStart;
  }

  /** The whole seconds of the last minute, the one under way included. */
  lastMinute(nowMs: number): HitCounts {
    this.#settleDue(nowMs);
    this.#forgetSeconds(nowMs);
    return this.#seconds.values().reduce(sum, NO_COUNTS);
  }

  /** Lines whose outcome is awaited. */
  get awaited(): number {
    return this.#open.size + this.#ended.size;
  }

  #await(cue: CueTaken, nowMs: number): void {
    const key = keyOf(cue);
    const { connection, room, line, priority } = cue;
    if (this.#ended.has(key)) this.#miss(key, nowMs);
    this.#settled.delete(key);
    this.#open.set(key, { connection, room, line, priority });
    if (this.awaited <= MAX_AWAITED) return;
    const [oldest] = this.#ended.size > 0 ? this.#ended.keys() : this.#open.keys();
    if (oldest !== undefined) this.#miss(oldest, nowMs);
  }

  #end(key: string, reason: LineEnded["reason"], nowMs: number): void {
    const awaited = this.#open.get(key);
    if (!awaited) return;
    this.#open.delete(key);
    const dueMs = nowMs + REPORT_WITHIN_MS;
    this.#ended.set(key, { ...awaited, silent: reason === "silence", dueMs });
  }

  #setAdrift(connection: number): void {
    for (const [key, line] of this.#ended) {
      if (line.connection === connection) this.#adrift.set(adriftKey(line), key);
    }
  }

  #report(connection: number, report: OutcomeReport, nowMs: number): void {
    const ownKey = keyOf({ connection, line: report.line });
    const key = this.#known(ownKey, report);
    if (this.#settled.has(key)) return;
    const { priority, source, ttftUs, budgetMs, withdrawn, roomStall } = report;
    const ttftMs = ttftUs === null ? undefined : ttftUs / 1000;
    const silent = this.#ended.get(key)?.silent ?? false;
    this.#settle(key);
    if (key !== ownKey) this.#settle(ownKey);
    this.#count({ priority, source, ttftMs, budgetMs, withdrawn, silent, roomStall }, nowMs);
  }

  /** The line that a report means: one of its own connection's, or of an ended session's. */
  #known(key: string, report: OutcomeReport): string {
    const isOwn = this.#open.has(key) || this.#ended.has(key) || this.#settled.has(key);
    return isOwn ? key : (this.#adrift.get(adriftKey(report)) ?? key);
  }

  #settleDue(nowMs: number): void {
    for (const [key, { dueMs }] of this.#ended) {
      if (dueMs > nowMs) return;
      this.#miss(key, nowMs);
    }
  }

  #miss(key: string, nowMs: number): void {
    const line = this.#ended.get(key) ?? this.#open.get(key);
    this.#settle(key);
    if (!line) return;
    const silent = "silent" in line && line.silent === true;
    this.#count({ ...UNREPORTED, priority: line.priority, silent }, nowMs, "unreported");
  }

  #settle(key: string): void {
    const ended = this.#ended.get(key);
    if (ended && this.#adrift.get(adriftKey(ended)) === key) this.#adrift.delete(adriftKey(ended));
    this.#open.delete(key);
    this.#ended.delete(key);
    this.#settled.add(key);
    trim(this.#settled);
  }

  #count(outcome: Outcome, nowMs: number, how: "reported" | "unreported" = "reported"): void {
    const counted = addOutcome(NO_HITS, outcome);
    const counts = { ...counted, unreported: how === "unreported" ? counted.cues : 0 };
    this.#sinceStart = sum(this.#sinceStart, counts);
    const second = secondOf(nowMs);
    this.#seconds.set(second, sum(this.#seconds.get(second) ?? NO_COUNTS, counts));
    this.#forgetSeconds(nowMs);
  }

  #forgetSeconds(nowMs: number): void {
    for (const second of this.#seconds.keys()) {
      if (second > secondOf(nowMs) - MINUTE_SECONDS) return;
      this.#seconds.delete(second);
    }
  }
}

const UNREPORTED: Outcome = {
  priority: "reply",
  source: "none",
  ttftMs: undefined,
  budgetMs: 0,
  withdrawn: false,
  silent: false,
  roomStall: false,
};

function keyOf({
  connection,
  line,
}: {
  readonly connection: number;
  readonly line: number;
}): string {
  return `${connection}:${line}`;
}

function adriftKey({ room, line }: { readonly room: number; readonly line: number }): string {
  return `${room}:${line}`;
}

function secondOf(nowMs: number): number {
  return Math.floor(nowMs / 1000);
}

function sum(a: HitCounts, b: HitCounts): HitCounts {
  return {
    cues: a.cues + b.cues,
    modelHits: a.modelHits + b.modelHits,
    anyHits: a.anyHits + b.anyHits,
    ambient: a.ambient + b.ambient,
    withdrawn: a.withdrawn + b.withdrawn,
    silences: a.silences + b.silences,
    roomStalls: a.roomStalls + b.roomStalls,
    unreported: a.unreported + b.unreported,
  };
}

/** Forgets the oldest down to `MAX_SETTLED`. */
function trim(settled: Set<string>): void {
  for (const key of settled) {
    if (settled.size <= MAX_SETTLED) return;
    settled.delete(key);
  }
}
