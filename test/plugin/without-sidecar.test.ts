import { BanterPlugin, type Character, connectSidecar } from "@banterwire/colyseus";
import { watchBanter, type WatchedLine } from "@banterwire/colyseus/client";
import { type Client, definePlugins, Room } from "@colyseus/core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type GameServer, startGameServer } from "../support/game-server.ts";

/** The port for discarding, where nothing listens. */
const url = "ws://127.0.0.1:9";
const mira: Character = {
  id: "mira",
  name: "Mira",
  persona: "Keeps the bar.",
  fallbacks: ["Busy night.", "Ask me later."],
};

let game: GameServer;
let tavern: Tavern;
const troubles: string[] = [];

function made(room: Tavern): void {
  tavern = room;
}

class Tavern extends Room {
  override plugins = definePlugins([
    new BanterPlugin({
      characters: [mira],
      sidecar: { url },
      onTrouble: (why) => troubles.push(why),
    }),
  ]);

  override onCreate(): void {
    made(this);
    this.onMessage("chat", (client: Client, text: unknown) => {
      this.plugins.npcs.hear(client, text);
    });
  }
}

beforeAll(async () => {
  game = await startGameServer([Tavern]);
});

afterAll(async () => {
  await game.stop();
  connectSidecar({ url }).close();
});

test("with a sidecar that was never reached, NPCs say their authored lines", async () => {
  const player = await game.join(Tavern);
  const ended: WatchedLine[] = [];
  watchBanter(player, { onEnd: (line) => ended.push(line) });
  player.send("chat", "Hello?");
  await expect.poll(() => ended.length).toBe(1);
  expect(ended[0]).toMatchObject({
    npc: "mira",
    source: "fallback",
    end: { reason: "unreachable" },
  });
  expect(mira.fallbacks).toContain(ended[0]?.text);
  const { cues, modelHits, anyHits } = tavern.plugins.npcs.hitRates;
  expect([cues, modelHits, anyHits]).toEqual([1, 0, 1]);
  await expect.poll(() => troubles).toEqual([expect.stringContaining("ECONNREFUSED")]);
});
