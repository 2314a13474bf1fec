import type { LineResult } from "@banterwire/protocol/client";
import {
  assertRateKept,
  keepSchedule,
  launchesOf,
  poissonSchedule,
  preciseClock,
} from "../support/schedule.ts";
import { CHARACTERS, ROOMS, type Tavern } from "./tavern.ts";

export interface Rates {
  readonly modelHitRate: number;
  readonly anyHitRate: number;
  readonly perSecond: number;
}

/** Players speak at random moments, and wait for nobody. */
export async function realRun(
  tavern: Tavern,
  perSecond: number,
  forMs: number,
  budgetMs: number,
  random: () => number,
): Promise<Rates> {
  const before = tavern.hitRates;
  const schedule = poissonSchedule(perSecond, forMs, random);
  const lines: Promise<LineResult>[] = [];
  const lateMs: number[] = [];
  await keepSchedule(schedule, preciseClock, (_, dueMs) => {
    lateMs.push(performance.now() - dueMs);
    const [room, character] = [Math.floor(random() * ROOMS), Math.floor(random() * CHARACTERS)];
    lines.push(tavern.say(room, character, budgetMs));
  });
  await Promise.all(lines);
  const launches = launchesOf(schedule, forMs, lateMs);
  assertRateKept(launches.perSecond, schedule.length / (forMs / 1_000), "players");
  const { cues, modelHits, anyHits } = tavern.hitRates;
  const count = cues - before.cues;
  return {
    modelHitRate: (modelHits - before.modelHits) / count,
    anyHitRate: (anyHits - before.anyHits) / count,
    perSecond: launches.perSecond,
  };
}
