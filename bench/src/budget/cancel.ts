import { setTimeout as sleep } from "node:timers/promises";
import { Pool } from "undici";
import { chat } from "../../floor/chat.ts";
import { type Figure, figureOf, type Figures } from "../bench.ts";
import { type Pace, promptOf } from "../support/pace.ts";
import { machineNowMs, type PacedUpstream, startPacedUpstream } from "../support/paced-upstream.ts";
import { openRawGame } from "../support/raw-game.ts";
import { startWarmSidecar } from "../support/sidecar.ts";
import { figureOfInterval, pooledQuantile } from "../support/statistics.ts";

export interface CancelPlan {
  readonly rounds: number;
  readonly perRound: number;
}

/** Not looked at: a process's first few are slow, for no code of theirs is compiled. */
const WARM_UP_CANCELS = 50;
/** Long enough for a request to be at the upstream. */
const UNDER_WAY_MS = 25;
const REMAINING_MS = 60_000;
/** The upstream's process is asked once all sockets are surely gone. */
const SETTLE_MS = 100;
const MIN_SHARE_SEEN = 0.5;

let lastTag = 0;

/** From a cancel in the game process until the upstream sees its client gone. */
export async function measureCancel(
  { rounds, perRound }: CancelPlan,
  random: () => number,
): Promise<Figures> {
  const upstream = await startPacedUpstream();
  const { origin } = upstream;
  const sidecar = await startWarmSidecar({ origin, slots: 64 });
  const game = await openRawGame(sidecar.url);
  const pool = new Pool(origin, { headersTimeout: 0, bodyTimeout: 0 });
  const viaSidecar = (pace: Pace) => {
    const { line, end } = game.cue(pace, REMAINING_MS);
    end.catch(() => {});
    return () => game.cancel(line);
  };
  const direct = (pace: Pace) =>
    chat(pool, JSON.stringify({ prompt: promptOf(pace) }), { text() {}, end() {} });
  try {
    for (const ask of [direct, viaSidecar]) await cancelled(upstream, WARM_UP_CANCELS, ask);
    const took: { direct: number[][]; sidecar: number[][] } = { direct: [], sidecar: [] };
    for (let round = 0; round < rounds; round++) {
      took.direct.push(mostOf(await cancelled(upstream, perRound, direct), perRound));
      took.sidecar.push(mostOf(await cancelled(upstream, perRound, viaSidecar), perRound));
    }
    const seen = (all: readonly number[][]): Figure =>
      figureOf([all.flat().length / (rounds * perRound)], "x");
    return {
      ...figuresOf(took.direct, took.sidecar, random),
      "cancels seen at the upstream, of those made, direct": seen(took.direct),
      "cancels seen at the upstream, of those made, sidecar": seen(took.sidecar),
    };
  } finally {
    game.close();
    await pool.destroy();
    await sidecar.stop();
    await upstream.stop();
  }
}

async function cancelled(
  upstream: PacedUpstream,
  count: number,
  ask: (pace: Pace) => () => void,
): Promise<number[]> {
  const cancelledAtMs = new Map<number, number>();
  for (let index = 0; index < count; index++) {
    const tag = ++lastTag;
    const giveUp = ask({ tokens: 0, gapMs: 0, prefillMs: 0, tag });
    await sleep(UNDER_WAY_MS);
    cancelledAtMs.set(tag, machineNowMs());
    giveUp();
  }
  await sleep(SETTLE_MS);
  const { cutAtMs } = await upstream.books();
  // One whose end came after its round was over is no other round's: it counts as not seen.
  return cutAtMs.flatMap(([tag, atMs]) => {
    const cancelledMs = cancelledAtMs.get(tag);
    return cancelledMs === undefined ? [] : [atMs - cancelledMs];
  });
}

/** A request that was not at the upstream when it was given up has no end there. */
function mostOf(tookMs: number[], count: number): number[] {
  if (tookMs.length >= count * MIN_SHARE_SEEN) return tookMs;
  throw new Error(`${count} requests were cancelled, the upstream saw ${tookMs.length} go`);
}

function figuresOf(
  direct: readonly number[][],
  sidecar: readonly number[][],
  random: () => number,
): Figures {
  const figures: Figures = {};
  for (const [name, quantile] of [
    ["p50", 0.5],
    ["p99", 0.99],
  ] as const) {
    const { one, other, ratio } = pooledQuantile(sidecar, direct, quantile, random);
    figures[`cancel to the upstream's FIN, direct, ${name}`] = figureOfInterval(other, "ms");
    figures[`cancel to the upstream's FIN, sidecar, ${name}`] = figureOfInterval(one, "ms");
    figures[`cancel to FIN over a direct destroy, ${name}`] = figureOfInterval(ratio, "x");
  }
  return figures;
}
