import { BanterPlugin, type Character, type Line, type LineResult } from "@banterwire/colyseus";
import { definePlugins, Room } from "@colyseus/core";
import { type GameServer, startGameServer } from "../support/game-server.ts";

export const FALLBACK = "Ask me later.";
export const CLOSER = " - but I talk too much.";

const mira: Character = {
  id: "mira",
  name: "Mira",
  persona: "Mira keeps the bar.",
  fallbacks: [FALLBACK],
  closers: [CLOSER],
};

/** A real game server with one room and one player in it. */
export interface Crowd {
  readonly game: GameServer;
  /** Has Mira asked so often; `event` is what the prompt says. */
  ask(count: number, event: string, ttftBudgetMs: number): readonly AskedLine[];
}

export interface AskedLine {
  readonly line: Line;
  /** All that the line was told to have ended with: once, if all is well. */
  readonly ends: readonly LineResult[];
}

export async function startCrowd(url: string): Promise<Crowd> {
  const rooms: Tavern[] = [];
  class Tavern extends Room {
    override plugins = definePlugins([new BanterPlugin({ characters: [mira], sidecar: { url } })]);

    override onCreate(): void {
      rooms.push(this);
    }
  }
  const game = await startGameServer([Tavern]);
  await game.join(Tavern);
  const [room] = rooms;
  if (!room) throw new Error("no room was made");
  return {
    game,
    ask: (count, event, ttftBudgetMs) =>
      Array.from({ length: count }, () => {
        const ends: LineResult[] = [];
        const onEnd = (result: LineResult): void => void ends.push(result);
        return { line: room.plugins.npcs.say("mira", { event, ttftBudgetMs, onEnd }), ends };
      }),
  };
}
