import { type FloorProcess, startFloor } from "../support/floor.ts";
import { type Game, startGame } from "../support/game.ts";
import { type Noise, startNoise } from "../support/noise.ts";
import { type PacedUpstream, startPacedUpstream } from "../support/paced-upstream.ts";
import { PEERS, type PeerName } from "../support/peers.ts";
import { type SidecarProcess, startWarmSidecar } from "../support/sidecar.ts";

/** The processes of one run: the upstream, what is between, a game process per peer, and the noise. */
export interface Fleet {
  readonly upstream: PacedUpstream;
  readonly floor: FloorProcess;
  readonly sidecar: SidecarProcess;
  readonly games: Readonly<Record<PeerName, Game>>;
  readonly noise: Noise;
  stop(): Promise<void>;
}

/** More than any part of the bench streams at once. */
export const SLOTS = 2_048;

export async function startFleet(): Promise<Fleet> {
  const started: { stop(): Promise<void> }[] = [];
  const keep = async <T extends { stop(): Promise<void> }>(starting: Promise<T>): Promise<T> => {
    const one = await starting;
    started.unshift(one);
    return one;
  };
  const stop = async (): Promise<void> => {
    for (const one of started) await one.stop();
  };
  try {
    const upstream = await keep(startPacedUpstream());
    const floor = await keep(startFloor(upstream.origin));
    const sidecar = await keep(startWarmSidecar({ origin: upstream.origin, slots: SLOTS }));
    const at = { floor: floor.url, sidecar: sidecar.url };
    const games: Partial<Record<PeerName, Game>> = {};
    for (const peer of PEERS) {
      const where = peer === "floor" || peer === "sidecar" ? at[peer] : upstream.origin;
      games[peer] = await keep(startGame(peer, where));
    }
    const noise = await keep(startNoise());
    return { upstream, floor, sidecar, games: games as Record<PeerName, Game>, noise, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
