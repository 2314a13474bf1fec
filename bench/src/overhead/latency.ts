import { type Figures, figureOf } from "../bench.ts";
import type { Heard } from "../support/game.ts";
import type { Pace } from "../support/pace.ts";
import { assertRateKept } from "../support/schedule.ts";
import {
  added,
  addedRatio,
  bootstrap,
  figureOfInterval,
  quantileOf,
} from "../support/statistics.ts";
import type { Fleet } from "./fleet.ts";

/** Open-loop arrivals so frequent that on average this many streams are open. */
export interface LatencyLevel {
  readonly streams: number;
  readonly pace: Pace;
}

export const LATENCY_LEVELS: readonly LatencyLevel[] = [
  { streams: 10, pace: { tokens: 4, gapMs: 10, prefillMs: 10 } },
  { streams: 100, pace: { tokens: 20, gapMs: 25, prefillMs: 25 } },
];

const LATENCY_PEERS = ["direct", "floor", "sidecar"] as const;
type LatencyPeer = (typeof LATENCY_PEERS)[number];

export interface LatencyPlan {
  readonly rounds: number;
  readonly roundMs: number;
}

/** A process is slow until its code is compiled; what it does in this time is not looked at. */
const WARM_UP = { forMs: 3_000, seed: 0 };

/** Added TTFT and inter-token gaps. Rejects if the generator was saturated. */
export async function measureLatency(
  fleet: Fleet,
  { streams, pace }: LatencyLevel,
  { rounds, roundMs }: LatencyPlan,
  random: () => number,
): Promise<Figures> {
  const perSecond = (streams * 1000) / (pace.prefillMs + pace.tokens * pace.gapMs);
  const heard: Record<LatencyPeer, Heard[]> = { direct: [], floor: [], sidecar: [] };
  for (const peer of LATENCY_PEERS) {
    await fleet.games[peer].arrivals({ ...WARM_UP, perSecond, pace });
  }
  for (let round = 0; round < rounds; round++) {
    for (const peer of LATENCY_PEERS) {
      const arrivals = { perSecond, forMs: roundMs, seed: round + 1, pace };
      const one = await fleet.games[peer].arrivals(arrivals);
      const { count = 0, perSecond: achieved = 0 } = one.launches ?? {};
      assertRateKept(achieved, (count * 1000) / roundMs, `${peer} at ${streams} streams`);
      heard[peer].push(one);
    }
  }
  return figuresOf(`${streams} streams`, heard, random);
}

function figuresOf(
  at: string,
  heard: Readonly<Record<LatencyPeer, readonly Heard[]>>,
  random: () => number,
): Figures {
  const rates = LATENCY_PEERS.flatMap((peer) =>
    heard[peer].map(({ launches }) => launches?.perSecond ?? 0),
  );
  const figures: Figures = { [`${at}: arrivals achieved`]: figureOf(rates, "1/s") };
  for (const [name, quantile] of [
    ["p50", 0.5],
    ["p99", 0.99],
  ] as const) {
    const [direct, floor, sidecar] = LATENCY_PEERS.map((peer) =>
      heard[peer].map(({ transitMs }) => quantileOf(transitMs, quantile)),
    ) as [number[], number[], number[]];
    figures[`${at}: TTFT less prefill, direct, ${name}`] = figureOf(direct, "ms");
    for (const [peer, rounds] of [
      ["floor", floor],
      ["sidecar", sidecar],
    ] as const) {
      const interval = bootstrap([direct, rounds], added, random);
      figures[`${at}: added TTFT, ${peer}, ${name}`] = figureOfInterval(interval, "ms");
    }
    const ratio = bootstrap([direct, sidecar, floor], addedRatio, random);
    figures[`${at}: added TTFT over the floor's, ${name}`] = figureOfInterval(ratio, "x");
  }
  for (const peer of LATENCY_PEERS) {
    const gaps = heard[peer].map(({ gapsMs }) => quantileOf(gapsMs, 0.99));
    figures[`${at}: gap between tokens, ${peer}, p99`] = figureOf(gaps, "ms");
  }
  const broken = heard.sidecar.map((one) => one.broken);
  figures[`${at}: lines broken, sidecar`] = figureOf(broken, "lines");
  return figures;
}
