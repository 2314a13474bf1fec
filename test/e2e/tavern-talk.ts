import { BanterPlugin, type Character, connectSidecar } from "@banterwire/colyseus";
import { type BanterWatch, watchBanter, type WatchedLine } from "@banterwire/colyseus/client";
import { type Client, definePlugins, Room } from "@colyseus/core";
import type { Room as JoinedRoom } from "@colyseus/sdk";
import { vi } from "vitest";
import { start, type RunningProcess } from "../support/embedded-ollama-process.ts";
import { type GameServer, startGameServer } from "../support/game-server.ts";
import { PATIENCE } from "../support/patience.ts";
import { type RecordingTap, startRecordingTap } from "../support/recording-tap.ts";
import { freePort, type SidecarProcess, startSidecarProcess } from "../support/sidecar-process.ts";

export const marla: Character = {
  id: "marla",
  name: "Marla",
  persona:
    "You are Marla, a cheerful innkeeper. Traits: generous, always cooking. Place: the tavern. " +
    "Stay in character and reply with one or two short sentences.",
  fallbacks: ["One moment, love, the stew!", "Hold that thought, dear."],
  closers: [" - oh, the pot!"],
};

/** Engine, tap, sidecar, game server and two players, each a real one. */
export interface TavernTalk {
  readonly enginePort: number;
  engine: RunningProcess;
  sidecar: SidecarProcess;
  readonly sidecarPort: number;
  readonly tap: RecordingTap;
  readonly game: GameServer;
  readonly players: readonly [JoinedRoom, JoinedRoom];
  readonly watches: readonly [BanterWatch, BanterWatch];
  /** Says something as the first player; resolves with the line as both players have it. */
  ask(text: string): Promise<readonly [WatchedLine, WatchedLine]>;
  restartEngine(): Promise<void>;
  restartSidecar(): void;
  close(): Promise<void>;
}

/** No test of latency: a busy machine may take its time, and the line is the model's all the same. */
export const TTFT_BUDGET_MS = 10_000;
const LINE_WITHIN_MS = 30_000;

export async function startTavernTalk(): Promise<TavernTalk> {
  // The SDK tells of each reconnection.
  vi.spyOn(console, "info").mockImplementation(() => {});
  const enginePort = await freePort();
  const engine = await start(["--port", String(enginePort)]);
  const tap = await startRecordingTap(engine.url);
  const sidecarPort = await freePort();
  const sidecarFlags = ["--ollama", tap.url, "--slots", "4"];
  const sidecar = startSidecarProcess(sidecarPort, sidecarFlags);
  await sidecar.warm();
  const url = `ws://127.0.0.1:${sidecarPort}`;

  class Tavern extends Room {
    override plugins = definePlugins([
      new BanterPlugin({
        characters: [marla],
        sidecar: { url },
        playerOf: () => ({ id: "player-theo", name: "Theo" }),
        ttftBudgetMs: TTFT_BUDGET_MS,
      }),
    ]);

    override onCreate(): void {
      this.onMessage("chat", (client: Client, text: unknown) => {
        this.plugins.npcs.hear(client, text);
      });
    }
  }

  const game = await startGameServer([Tavern]);
  const players = [await game.join(Tavern), await game.join(Tavern)] as const;
  const waiting = [new Set<(line: WatchedLine) => void>(), new Set<(line: WatchedLine) => void>()];
  const watch = (index: 0 | 1): BanterWatch =>
    watchBanter(players[index], {
      onEnd: (line) => {
        for (const resolve of waiting[index] ?? []) resolve(line);
        waiting[index]?.clear();
      },
    });
  const watches = [watch(0), watch(1)] as const;
  await vi.waitUntil(() => connectSidecar({ url }).state.name === "open", PATIENCE);
  const ended = (index: 0 | 1): Promise<WatchedLine> =>
    new Promise((resolve, reject) => {
      waiting[index]?.add(resolve);
      setTimeout(() => reject(new Error("the line did not end")), LINE_WITHIN_MS).unref();
    });

  const talk: TavernTalk = {
    enginePort,
    engine,
    sidecar,
    sidecarPort,
    tap,
    game,
    players,
    watches,
    async ask(text) {
      const lines = Promise.all([ended(0), ended(1)]);
      players[0].send("chat", text);
      return lines;
    },
    async restartEngine() {
      talk.engine = await start(["--port", String(enginePort)]);
    },
    restartSidecar() {
      talk.sidecar = startSidecarProcess(sidecarPort, sidecarFlags);
    },
    async close() {
      await game.stop();
      connectSidecar({ url }).close();
      await talk.sidecar.stop();
      await tap.close();
      talk.engine.child.kill("SIGKILL");
      await talk.engine.ended;
    },
  };
  return talk;
}
