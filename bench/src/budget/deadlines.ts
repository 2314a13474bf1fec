import { setTimeout as sleep } from "node:timers/promises";
import { type Figures, figureOf } from "../bench.ts";
import type { Pace } from "../support/pace.ts";
import { startPacedUpstream } from "../support/paced-upstream.ts";
import { openRawGame, type RawGame } from "../support/raw-game.ts";
import { startWarmSidecar, UNBOUNDED } from "../support/sidecar.ts";
import { within } from "../support/within.ts";

/** One empty token at once, then silence: the model is there, and too late. */
const SILENT: Pace = { tokens: 0, gapMs: 0, prefillMs: 0 };
/**
 * Longer than a busy machine holds a process up: a model whose first chunks took longer than a cue
 * has is not asked for a while, and there is no deadline to be looked at. At random, so that they
 * spread.
 */
const REMAINING_MS = { least: 1_000, most: 2_000 } as const;
/** What the sidecar keeps back of a cue's time for its own timers' lateness. */
const GUARD_MS = 5;
/** Spans are whole microseconds, and there are seven. */
const ROUNDING_MS = 0.007;
/** Past its deadline, a fallback that has not come is missing. */
const MISSING_AFTER_MS = 10_000;
/** Open at any time, each followed by another one: at most 800 deadlines a second. */
const LINES = 1_200;
/** Nobody waits for one, although a request that is given up may hold its own for a second. */
const SLOTS = 4_096;
/** A million in 21 minutes where the machine keeps up; where it does not, the run ends after 25. */
const MAX_MS_PER_DEADLINE = 1.5;
const WARM_UP_MS = 10_000;

interface Counts {
  deadlines: number;
  early: number;
  missing: number;
  atOnce: number;
}

/**
 * Whether, of very many deadlines, one is ever met too early or not at all. How fast they come says
 * nothing about that: a line is asked for when another one has ended.
 */
export async function measureDeadlines(wanted: number, random: () => number): Promise<Figures> {
  const upstream = await startPacedUpstream();
  const { origin } = upstream;
  const sidecar = await startWarmSidecar({ origin, slots: SLOTS, env: UNBOUNDED });
  const game = await openRawGame(sidecar.url);
  const counts: Counts = { deadlines: 0, early: 0, missing: 0, atOnce: 0 };
  const endMs = performance.now() + WARM_UP_MS + wanted * MAX_MS_PER_DEADLINE;
  const isOver = (): boolean => counts.deadlines >= wanted || performance.now() >= endMs;
  try {
    await Promise.all(
      Array.from({ length: LINES }, async () => {
        while (!isOver()) await oneDeadline(game, counts, random);
      }),
    );
    return {
      "many: deadlines looked at": figureOf([counts.deadlines], "cues"),
      "many: deadlines looked at, of those wanted": figureOf([counts.deadlines / wanted], "x"),
      "many: fallbacks too early": figureOf([counts.early], "cues"),
      "many: fallbacks missing": figureOf([counts.missing], "cues"),
      "many: fallbacks at once, without a deadline to look at": figureOf([counts.atOnce], "cues"),
    };
  } finally {
    game.close();
    await sidecar.stop();
    await upstream.stop();
  }
}

async function oneDeadline(game: RawGame, counts: Counts, random: () => number): Promise<void> {
  const { least, most } = REMAINING_MS;
  const remainingMs = Math.floor(least + random() * (most - least));
  const end = await within(remainingMs + MISSING_AFTER_MS, game.cue(SILENT, remainingMs).end);
  if (end?.source !== "fallback") counts.missing++;
  else if (end.reason === "budget") {
    const tookMs = end.spansUs.reduce((sum, span) => sum + span, 0) / 1_000;
    counts.deadlines++;
    if (tookMs < remainingMs - GUARD_MS - ROUNDING_MS) counts.early++;
  } else {
    counts.atOnce++;
    // The next one comes when it would have come.
    await sleep(remainingMs);
  }
}
