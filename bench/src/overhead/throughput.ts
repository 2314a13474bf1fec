import { setTimeout as sleep } from "node:timers/promises";
import { type Figures, figureOf } from "../bench.ts";
import type { Held } from "../support/game.ts";
import { PEERS, type PeerName } from "../support/peers.ts";
import { figureOfInterval, ratioOfRounds } from "../support/statistics.ts";
import { cpuMsOf } from "../support/usage.ts";
import type { Fleet } from "./fleet.ts";

export interface ThroughputPlan {
  readonly rounds: number;
  readonly roundMs: number;
}

const STREAMS = 512;
const HELD: Held = {
  streams: STREAMS,
  rampMs: 1_000,
  // As many tokens as a line of the product has at most, and a usual pace of speech.
  pace: { tokens: 60, gapMs: 50, prefillMs: 20 },
};

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
  const spent: Record<PeerName, Spent[]> = { direct: [], ollama: [], floor: [], sidecar: [] };
  for (let round = 0; round < rounds; round++) {
    for (const peer of PEERS) spent[peer].push(await spend(fleet, peer, roundMs));
  }
  return figuresOf(spent, random);
}

async function spend(fleet: Fleet, peer: PeerName, roundMs: number): Promise<Spent> {
  const game = fleet.games[peer];
  const between = peer === "floor" || peer === "sidecar" ? fleet[peer].pid : undefined;
  const books = async () => ({
    atMs: performance.now(),
    tokens: (await fleet.upstream.books()).tokens,
    gameMs: cpuMsOf(game.pid),
    betweenMs: between === undefined ? 0 : cpuMsOf(between),
  });
  await game.hold(HELD);
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

function figuresOf(
  spent: Readonly<Record<PeerName, readonly Spent[]>>,
  random: () => number,
): Figures {
  const of = (peer: PeerName, key: keyof Spent): number[] => spent[peer].map((one) => one[key]);
  const between = (peer: PeerName) => of(peer, "tokensPerCpuSecond");
  const game = (peer: PeerName) => of(peer, "gameUsPerToken");
  const ratio = (one: number[], other: number[]) =>
    figureOfInterval(ratioOfRounds(one, other, random), "x");
  const at = `${STREAMS} streams`;
  return {
    [`${at}: tokens written`]: figureOf(
      PEERS.flatMap((peer) => of(peer, "tokensPerSecond")),
      "1/s",
    ),
    [`${at}: tokens per CPU-second, floor`]: figureOf(between("floor"), "1/s"),
    [`${at}: tokens per CPU-second, sidecar`]: figureOf(between("sidecar"), "1/s"),
    [`${at}: tokens per CPU-second over the floor's`]: ratio(between("sidecar"), between("floor")),
    [`${at}: game CPU per token, ollama package`]: figureOf(game("ollama"), "us"),
    [`${at}: game CPU per token, raw undici`]: figureOf(game("direct"), "us"),
    [`${at}: game CPU per token, sidecar`]: figureOf(game("sidecar"), "us"),
    [`${at}: game CPU over the ollama package's`]: ratio(game("sidecar"), game("ollama")),
    [`${at}: game CPU over raw undici's`]: ratio(game("sidecar"), game("direct")),
    [`${at}: lines broken, sidecar`]: figureOf(of("sidecar", "broken"), "lines"),
  };
}
