import { setTimeout as sleep } from "node:timers/promises";
import { type Figures, figureOf } from "../bench.ts";
import { startFloor } from "../support/floor.ts";
import { type Heard, startGame } from "../support/game.ts";
import { type PacedUpstream, startPacedUpstream } from "../support/paced-upstream.ts";
import { startWarmSidecar } from "../support/sidecar.ts";
import { figureOfInterval, quantileOf, ratioOfRounds } from "../support/statistics.ts";
import { residentBytesOf } from "../support/usage.ts";
import { SLOTS } from "./fleet.ts";

export interface MemoryPlan {
  readonly rounds: number;
  /** How long each number of streams is held before memory is read, milliseconds. */
  readonly holdMs: number;
}

const LEVELS = [64, 512, 2_000] as const;
const MOST = 2_000;
/** No connection may have so many lines; the floor gets as many connections. */
const CONNECTIONS = 3;
const STARTS_PER_SECOND = 500;
const PACE = { tokens: 100, gapMs: 50, prefillMs: 20 };
/** A stream whose end is later than this behind its pace, milliseconds, is not held. */
const MAX_END_LATE_MS = 500;
const BYTES_PER_MB = 1e6;
const BYTES_PER_KB = 1e3;
/** Memory settles after a process has got warm. */
const SETTLE_MS = 500;

interface Footprint {
  readonly idleBytes: number;
  /** By the number of streams. */
  readonly bytes: ReadonlyMap<number, number>;
  readonly most: Heard;
}

/** Memory at rest and under streams, and whether the most streams are held. */
export async function measureMemory(
  { rounds, holdMs }: MemoryPlan,
  random: () => number,
): Promise<Figures> {
  const floors: Footprint[] = [];
  const sidecars: Footprint[] = [];
  const upstream = await startPacedUpstream();
  try {
    for (let round = 0; round < rounds; round++) {
      floors.push(await footprint("floor", upstream, holdMs));
      sidecars.push(await footprint("sidecar", upstream, holdMs));
    }
  } finally {
    await upstream.stop();
  }
  return figuresOf(floors, sidecars, random);
}

async function footprint(
  peer: "floor" | "sidecar",
  upstream: PacedUpstream,
  holdMs: number,
): Promise<Footprint> {
  const { origin } = upstream;
  const between =
    peer === "floor" ? await startFloor(origin) : await startWarmSidecar({ origin, slots: SLOTS });
  try {
    await sleep(SETTLE_MS);
    const idleBytes = residentBytesOf(between.pid);
    const bytes = new Map<number, number>();
    let most: Heard | undefined;
    for (const streams of LEVELS) {
      const game = await startGame(peer, between.url, CONNECTIONS);
      await game.hold({ streams, rampMs: (streams * 1000) / STARTS_PER_SECOND, pace: PACE });
      await sleep(holdMs);
      bytes.set(streams, residentBytesOf(between.pid));
      most = await game.release(streams === MOST ? "drain" : "cut");
      await game.stop();
    }
    return { idleBytes, bytes, most: most! };
  } finally {
    await between.stop();
  }
}

function figuresOf(
  floors: readonly Footprint[],
  sidecars: readonly Footprint[],
  random: () => number,
): Figures {
  const perStream = (all: readonly Footprint[]): number[] =>
    all.map(({ idleBytes, bytes }) => ((bytes.get(MOST) ?? NaN) - idleBytes) / MOST / BYTES_PER_KB);
  const figures: Figures = {};
  for (const [peer, all] of [
    ["floor", floors],
    ["sidecar", sidecars],
  ] as const) {
    const idle = all.map(({ idleBytes }) => idleBytes / BYTES_PER_MB);
    figures[`memory at rest, ${peer}`] = figureOf(idle, "MB");
    for (const streams of LEVELS) {
      const held = all.map(({ bytes }) => (bytes.get(streams) ?? NaN) / BYTES_PER_MB);
      figures[`${streams} streams: memory, ${peer}`] = figureOf(held, "MB");
    }
    figures[`memory per active stream, ${peer}`] = figureOf(perStream(all), "kB");
  }
  figures["memory per active stream over the floor's"] = figureOfInterval(
    ratioOfRounds(perStream(sidecars), perStream(floors), random),
    "x",
  );
  for (const [peer, all] of [
    ["floor", floors],
    ["sidecar", sidecars],
  ] as const) {
    const late = all.map(({ most }) => quantileOf(most.endLateMs, 0.99));
    figures[`${MOST} streams: a line's end behind its pace, ${peer}, p99`] = figureOf(late, "ms");
    figures[`streams of 20 tok/s held, ${peer}`] = figureOf(all.map(heldStreams), "streams");
  }
  return figures;
}

/** All of them or none: a stream that lost, swapped or delayed a token was not held. */
function heldStreams({ most }: Footprint): number {
  const inTime = quantileOf(most.endLateMs, 0.99) <= MAX_END_LATE_MS;
  return most.broken === 0 && most.whole >= MOST && inTime ? MOST : 0;
}
