import { join } from "node:path";
import { Child } from "./child.ts";
import type { Pace } from "./pace.ts";
import type { PeerName } from "./peers.ts";
import type { Launches } from "./schedule.ts";

export interface Arrivals {
  readonly perSecond: number;
  readonly forMs: number;
  readonly seed: number;
  readonly pace: Pace;
}

export interface Held {
  readonly streams: number;
  /** The starts are spread over this time, so that tokens are, too. */
  readonly rampMs: number;
  readonly pace: Pace;
}

export type GameQuestion =
  | { readonly ask: "ready" }
  | { readonly ask: "arrivals"; readonly arrivals: Arrivals }
  | { readonly ask: "hold"; readonly held: Held }
  | { readonly ask: "release"; readonly how: Release };

/** `cut` gives up what is streaming; `drain` lets it end. */
export type Release = "cut" | "drain";

/** What a game process heard. */
export interface Heard {
  /** Lines with each of their tokens once and in order. */
  readonly whole: number;
  /** Lines that lost, doubled or swapped a token, failed, or were answered by a fallback. */
  readonly broken: number;
  /** Of each line: from its intended time to its first text, milliseconds. */
  readonly ttftMs: readonly number[];
  /** The same, less the time for which the upstream held the request. */
  readonly transitMs: readonly number[];
  /** Between two pieces of text of one line, milliseconds. */
  readonly gapsMs: readonly number[];
  /** Of each line that ended: how much later than at its pace, milliseconds. */
  readonly endLateMs: readonly number[];
  readonly launches: Launches | undefined;
}

/** A game process that reaches an Ollama by one of the peers. */
export interface Game {
  readonly pid: number;
  /** Open-loop arrivals; resolves when the last line has ended. */
  arrivals(arrivals: Arrivals): Promise<Heard>;
  /** Keeps that many streams going, each replaced when it ends; resolves when all have begun. */
  hold(held: Held): Promise<void>;
  /** No more lines are begun; tells of those that have ended. */
  release(how?: Release): Promise<Heard>;
  stop(): Promise<void>;
}

export async function startGame(peer: PeerName, at: string, connections = 1): Promise<Game> {
  const child = new Child<GameQuestion, Heard>(join(import.meta.dirname, "game-process.ts"), [
    peer,
    at,
    String(connections),
  ]);
  await child.ask({ ask: "ready" });
  return {
    pid: child.pid,
    arrivals: (arrivals) => child.ask({ ask: "arrivals", arrivals }),
    hold: async (held) => void (await child.ask({ ask: "hold", held })),
    release: (how = "cut") => child.ask({ ask: "release", how }),
    stop: () => child.stop(),
  };
}
