import { setTimeout as sleep } from "node:timers/promises";
import { type Figures, figureOf } from "../bench.ts";
import { startPacedUpstream } from "../support/paced-upstream.ts";
import { openRawGame, type RawGame } from "../support/raw-game.ts";
import { keepSchedule, poissonSchedule, preciseClock } from "../support/schedule.ts";
import { type SidecarProcess, startWarmSidecar } from "../support/sidecar.ts";
import { slopeOf } from "../support/statistics.ts";
import { descriptorsOf } from "../support/usage.ts";

const CANCELS_PER_SECOND = 500;
/**
 * Cancels before the first look: what is kept for reuse is there by then, and the sidecar's books
 * of the last minute are as full as they get.
 */
const WARM_UP_CANCELS = 65 * CANCELS_PER_SECOND;
const MAX_AGE_MS = 20;
const REMAINING_MS = 60_000;
/** Zombies are buried and idle sockets are closed. */
const SETTLE_MS = 2_000;
/** Looks after equally many cancels each. The heap moves in steps of its own: its slope counts. */
const LOOKS = 8;
const SLOTS = 1_024;

interface Look {
  readonly descriptors: number;
  readonly heapBytes: number;
  readonly upstreamSockets: number;
}

/** What many cancels, at any moment of a line's first milliseconds, leave behind. */
export async function measureLeaks(cancels: number, random: () => number): Promise<Figures> {
  const upstream = await startPacedUpstream();
  const sidecar = await startWarmSidecar({ origin: upstream.origin, slots: SLOTS, probe: true });
  const game = await openRawGame(sidecar.url);
  const look = async (): Promise<Look> => ({
    descriptors: descriptorsOf(sidecar.pid),
    heapBytes: await sidecar.heapBytes(),
    upstreamSockets: (await upstream.books()).sockets,
  });
  try {
    await cancelMany(game, WARM_UP_CANCELS, random);
    const before = await look();
    const heaps: [cancels: number, bytes: number][] = [[0, before.heapBytes]];
    let after = before;
    for (let step = 1; step <= LOOKS; step++) {
      await cancelMany(game, cancels / LOOKS, random);
      after = await look();
      heaps.push([(step * cancels) / LOOKS, after.heapBytes]);
    }
    const left = await leftOpen(sidecar);
    return {
      "cancels looked at": figureOf([cancels], "cancels"),
      "descriptors gained": figureOf([after.descriptors - before.descriptors], "descriptors"),
      "upstream sockets gained": figureOf(
        [after.upstreamSockets - before.upstreamSockets],
        "sockets",
      ),
      "heap gained per cancel": figureOf([slopeOf(heaps)], "bytes"),
      "generations and lines left open": figureOf([left], "generations"),
    };
  } finally {
    game.close();
    await sidecar.stop();
    await upstream.stop();
  }
}

async function cancelMany(game: RawGame, count: number, random: () => number): Promise<void> {
  const ends: Promise<unknown>[] = [];
  const forMs = (count * 1_000) / CANCELS_PER_SECOND;
  await keepSchedule(poissonSchedule(CANCELS_PER_SECOND, forMs, random), preciseClock, () => {
    const { line, end } = game.cue({ tokens: 0, gapMs: 0, prefillMs: 5 }, REMAINING_MS);
    ends.push(end);
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
