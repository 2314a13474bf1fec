import { setTimeout as sleep } from "node:timers/promises";
import { type Figure, type Figures, figureOf } from "../bench.ts";
import { startPacedUpstream } from "../support/paced-upstream.ts";
import { openRawGame, type RawGame } from "../support/raw-game.ts";
import { keepSchedule, poissonSchedule, preciseClock } from "../support/schedule.ts";
import { type SidecarProcess, startWarmSidecar, UNBOUNDED } from "../support/sidecar.ts";
import { figureOfInterval, slopeInterval } from "../support/statistics.ts";
import { descriptorsOf } from "../support/usage.ts";
import { within } from "../support/within.ts";

const CANCELS_PER_SECOND = 500;
/**
 * Cancels before the first look: what is kept for reuse is there by then, and the sidecar's books
 * of the last minute are as full as they get.
 */
const WARM_UP_CANCELS = 65 * CANCELS_PER_SECOND;
const MAX_AGE_MS = 20;
const REMAINING_MS = 60_000;
/** From a cue to the end of its line, which it is given up for. */
const MAX_END_MS = 10_000;
/** Zombies are buried and idle sockets are closed. */
const SETTLE_MS = 2_000;
const SLOTS = 1_024;

export interface LeaksPlan {
  readonly cancels: number;
  /**
   * After equally many cancels each. Sockets are kept for the next line, and how many follows the
   * last bursts; the heap moves in steps of its own: only what grows from look to look is a leak.
   */
  readonly looks: number;
}

interface Look {
  /** Since the first one. */
  readonly cancels: number;
  readonly descriptors: number;
  readonly heapBytes: number;
  readonly upstreamSockets: number;
}

type Kept = Exclude<keyof Look, "cancels">;

/** What many cancels, at any moment of a line's first milliseconds, leave behind. */
export async function measureLeaks(
  { cancels, looks: count }: LeaksPlan,
  random: () => number,
): Promise<Figures> {
  const upstream = await startPacedUpstream();
  const { origin } = upstream;
  const sidecar = await startWarmSidecar({ origin, slots: SLOTS, probe: true, env: UNBOUNDED });
  const game = await openRawGame(sidecar.url);
  const look = async (after: number): Promise<Look> => ({
    cancels: after,
    descriptors: descriptorsOf(sidecar.pid),
    heapBytes: await sidecar.heapBytes(),
    upstreamSockets: (await upstream.books()).sockets,
  });
  try {
    await cancelMany(game, WARM_UP_CANCELS, random);
    const looks = [await look(0)];
    for (let step = 1; step <= count; step++) {
      await cancelMany(game, cancels / count, random);
      looks.push(await look((step * cancels) / count));
    }
    const left = await leftOpen(sidecar);
    return {
      "cancels looked at": figureOf([cancels], "cancels"),
      ...gainOf("descriptors", "descriptors", looks, random),
      ...gainOf("upstream sockets", "upstreamSockets", looks, random),
      "heap gained per cancel": gained("heapBytes", 1, "bytes", looks, random),
      "generations and lines left open": figureOf([left], "generations"),
    };
  } finally {
    game.close();
    await sidecar.stop();
    await upstream.stop();
  }
}

/** A leak has a slope; what two looks differ by is shown beside it, and says little. */
function gainOf(what: string, key: Kept, looks: readonly Look[], random: () => number): Figures {
  const slope = gained(key, 1_000, what, looks, random);
  const [before, after] = [looks[0]?.[key] ?? NaN, looks.at(-1)?.[key] ?? NaN];
  return {
    [`${what} gained per 1,000 cancels`]: slope,
    [`${what} gained per 1,000 cancels, at least`]: { ...slope, value: slope.low },
    [`${what}, the last look less the first`]: figureOf([after - before], what),
  };
}

function gained(
  key: Kept,
  perCancels: number,
  unit: string,
  looks: readonly Look[],
  random: () => number,
): Figure {
  const points = looks.map((look) => [look.cancels / perCancels, look[key]] as const);
  return figureOfInterval(slopeInterval(points, random), unit);
}

async function cancelMany(game: RawGame, count: number, random: () => number): Promise<void> {
  const ends: Promise<unknown>[] = [];
  const forMs = (count * 1_000) / CANCELS_PER_SECOND;
  await keepSchedule(poissonSchedule(CANCELS_PER_SECOND, forMs, random), preciseClock, () => {
    const { line, end } = game.cue({ tokens: 0, gapMs: 0, prefillMs: 5 }, REMAINING_MS);
    // One that does not end is left open, which the sidecar's books tell.
    ends.push(within(MAX_END_MS, end));
    setTimeout(() => game.cancel(line), random() * MAX_AGE_MS);
  });
  await Promise.all(ends);
  await sleep(SETTLE_MS);
}

/** By the sidecar's own books. */
async function leftOpen(sidecar: SidecarProcess): Promise<number> {
  const { lines, endpoints } = (await sidecar.status()) as {
    lines: number;
    endpoints: [Record<"inFlight" | "zombies" | "waiting" | "opens" | "closes", number>];
  };
  const { inFlight, zombies, waiting, opens, closes } = endpoints[0];
  return lines + inFlight + zombies + waiting + Math.abs(opens - closes);
}
