import { setTimeout as sleep } from "node:timers/promises";
import { type Figures, figureOf } from "../bench.ts";
import { PEERS, type PeerName } from "../support/peers.ts";
import { figureOfInterval, ratioOfRounds } from "../support/statistics.ts";
import { cpuMsOf } from "../support/usage.ts";
import type { Fleet } from "./fleet.ts";

export interface ThroughputPlan {
  readonly rounds: number;
  readonly roundMs: number;
}

const STREAMS = 512;
const RAMP_MS = 1_000;
const PACE = { gapMs: 50, prefillMs: 20 };

/** How long lines are, and who is looked at with them. */
interface Kind {
  readonly name: string;
  readonly tokens: number;
  readonly peers: readonly PeerName[];
}

const KINDS: readonly Kind[] = [
  // As long as a line may last: what a token costs.
  { name: `${STREAMS} streams`, tokens: 380, peers: PEERS },
  // As long as a line of the product: what its begin and its end cost is in it.
  { name: `${STREAMS} streams of 60-token lines`, tokens: 60, peers: ["floor", "sidecar"] },
];

/** What one round of one peer spent. */
interface Spent {
  /** Tokens of one CPU-second of the process between; Infinity where there is none. */
  readonly tokensPerCpuSecond: number;
  /** CPU time of the game process, microseconds for each token. */
  readonly gameUsPerToken: number;
  readonly tokensPerSecond: number;
  readonly broken: number;
}

/** CPU time per token, of what is between and of the game process, with all features on. */
export async function measureThroughput(
  fleet: Fleet,
  { rounds, roundMs }: ThroughputPlan,
  random: () => number,
): Promise<Figures> {
  const figures: Figures = {};
  for (const kind of KINDS) {
    const spent: Record<PeerName, Spent[]> = { direct: [], ollama: [], floor: [], sidecar: [] };
    for (let round = 0; round < rounds; round++) {
      for (const peer of kind.peers) spent[peer].push(await spend(fleet, peer, kind, roundMs));
    }
    Object.assign(figures, betweenFigures(kind, spent, random));
    if (kind.peers.includes("ollama")) Object.assign(figures, gameFigures(kind, spent, random));
  }
  return figures;
}

async function spend(
  fleet: Fleet,
  peer: PeerName,
  { tokens: tokensPerLine }: Kind,
  roundMs: number,
): Promise<Spent> {
  const game = fleet.games[peer];
  const between = peer === "floor" || peer === "sidecar" ? fleet[peer].pid : undefined;
  const books = async () => ({
    atMs: performance.now(),
    tokens: (await fleet.upstream.books()).tokens,
    gameMs: cpuMsOf(game.pid),
    betweenMs: between === undefined ? 0 : cpuMsOf(between),
  });
  const pace = { tokens: tokensPerLine, ...PACE };
  await game.hold({ streams: STREAMS, rampMs: RAMP_MS, pace });
  const before = await books();
  await sleep(roundMs);
  const after = await books();
  const { broken } = await game.release("cut");
  const tokens = after.tokens - before.tokens;
  return {
    tokensPerCpuSecond: (tokens * 1000) / (after.betweenMs - before.betweenMs),
    gameUsPerToken: ((after.gameMs - before.gameMs) * 1000) / tokens,
    tokensPerSecond: (tokens * 1000) / (after.atMs - before.atMs),
    broken,
  };
}

type SpentBy = Readonly<Record<PeerName, readonly Spent[]>>;

function betweenFigures({ name, peers }: Kind, spent: SpentBy, random: () => number): Figures {
  const of = (peer: PeerName, key: keyof Spent): number[] => spent[peer].map((one) => one[key]);
  const [floor, sidecar] = [of("floor", "tokensPerCpuSecond"), of("sidecar", "tokensPerCpuSecond")];
  const written = peers.flatMap((peer) => of(peer, "tokensPerSecond"));
  const ratio = ratioOfRounds(sidecar, floor, random);
  return {
    [`${name}: tokens written`]: figureOf(written, "1/s"),
    [`${name}: tokens per CPU-second, floor`]: figureOf(floor, "1/s"),
    [`${name}: tokens per CPU-second, sidecar`]: figureOf(sidecar, "1/s"),
    [`${name}: tokens per CPU-second over the floor's`]: figureOfInterval(ratio, "x"),
    [`${name}: lines broken, sidecar`]: figureOf(of("sidecar", "broken"), "lines"),
  };
}

function gameFigures({ name }: Kind, spent: SpentBy, random: () => number): Figures {
  const of = (peer: PeerName): number[] => spent[peer].map((one) => one.gameUsPerToken);
  const over = (peer: PeerName) =>
    figureOfInterval(ratioOfRounds(of("sidecar"), of(peer), random), "x");
  return {
    [`${name}: game CPU per token, ollama package`]: figureOf(of("ollama"), "us"),
    [`${name}: game CPU per token, raw undici`]: figureOf(of("direct"), "us"),
    [`${name}: game CPU per token, sidecar`]: figureOf(of("sidecar"), "us"),
    [`${name}: game CPU over the ollama package's`]: over("ollama"),
    [`${name}: game CPU over raw undici's`]: over("direct"),
  };
}
