import { setTimeout as sleep } from "node:timers/promises";
import type { LineEnd } from "@banterwire/protocol";
import { type Figures, figureOf } from "../bench.ts";
import type { Pace } from "../support/pace.ts";
import { startPacedUpstream } from "../support/paced-upstream.ts";
import { openRawGame, type RawGame } from "../support/raw-game.ts";
import { keepSchedule, poissonSchedule, preciseClock } from "../support/schedule.ts";
import { startWarmSidecar } from "../support/sidecar.ts";

/** A million of them in 21 minutes, if the machine is quiet enough that none is answered at once. */
const CUES_PER_SECOND = 800;
/** Counted and forgotten at this pace, so that a long run holds no more than a short one. */
const ROUND_MS = 10_000;
const MIN_ROUND_MS = 1_000;
/** After a round, for what has not ended: it is missing. */
const MISSING_AFTER_MS = 5_000;
/** One empty token at once, then silence: the model is there, and too late. */
const SILENT: Pace = { tokens: 0, gapMs: 0, prefillMs: 0 };
const REMAINING_MS = 200;
/** What the sidecar keeps back of a cue's time for its own timers' lateness. */
const GUARD_MS = 5;
/** Spans are whole microseconds, and there are seven. */
const ROUNDING_MS = 0.007;
const SLOTS = 4_096;
/** Of the time that it takes where no fallback comes at once; then it ends with what it has seen. */
const MAX_OVERTIME = 1.15;

interface Counts {
  asked: number;
  deadlines: number;
  early: number;
  missing: number;
  atOnce: number;
}

/** Whether, of very many deadlines, one is ever met too early or not at all. */
export async function measureDeadlines(wanted: number, random: () => number): Promise<Figures> {
  const upstream = await startPacedUpstream();
  const sidecar = await startWarmSidecar({ origin: upstream.origin, slots: SLOTS });
  const game = await openRawGame(sidecar.url);
  const counts: Counts = { asked: 0, deadlines: 0, early: 0, missing: 0, atOnce: 0 };
  const startedMs = performance.now();
  const endMs = startedMs + (MAX_OVERTIME * wanted * 1_000) / CUES_PER_SECOND + ROUND_MS;
  try {
    while (counts.deadlines < wanted && performance.now() < endMs) {
      const leftMs = ((wanted - counts.deadlines) * 1_000) / CUES_PER_SECOND;
      await oneRound(game, Math.min(ROUND_MS, Math.max(MIN_ROUND_MS, leftMs)), counts, random);
    }
    // Nothing here depends on the rate, so that a round in which it was not kept is no void one.
    const perSecond = (counts.asked * 1_000) / (performance.now() - startedMs);
    return {
      "many: arrivals achieved": figureOf([perSecond], "1/s"),
      "many: deadlines looked at": figureOf([counts.deadlines], "cues"),
      "many: deadlines looked at, of those wanted": figureOf([counts.deadlines / wanted], "x"),
      "many: fallbacks too early": figureOf([counts.early], "cues"),
      "many: fallbacks missing": figureOf([counts.missing], "cues"),
      "many: fallbacks at once, the endpoint being checked": figureOf([counts.atOnce], "cues"),
    };
  } finally {
    game.close();
    await sidecar.stop();
    await upstream.stop();
  }
}

async function oneRound(
  game: RawGame,
  forMs: number,
  counts: Counts,
  random: () => number,
): Promise<void> {
  const ended: Promise<LineEnd>[] = [];
  await keepSchedule(poissonSchedule(CUES_PER_SECOND, forMs, random), preciseClock, () => {
    ended.push(game.cue(SILENT, REMAINING_MS).end);
  });
  counts.asked += ended.length;
  const tooLate = sleep(MISSING_AFTER_MS, undefined, { ref: false });
  for (const end of await Promise.all(ended.map((one) => Promise.race([one, tooLate])))) {
    count(end, counts);
  }
}

/** @param end undefined where none came */
function count(end: LineEnd | undefined, counts: Counts): void {
  if (end?.source !== "fallback") counts.missing++;
  else if (end.reason !== "budget") counts.atOnce++;
  else {
    const tookMs = end.spansUs.reduce((sum, span) => sum + span, 0) / 1_000;
    counts.deadlines++;
    if (tookMs < REMAINING_MS - GUARD_MS - ROUNDING_MS) counts.early++;
  }
}
