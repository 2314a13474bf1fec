import { readFileSync } from "node:fs";
import { connectSidecar } from "@banterwire/colyseus";
import { watchBanter } from "@banterwire/colyseus/client";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { type GameServer, startGameServer } from "../support/game-server.ts";
import { type ScriptedSidecar, startScriptedSidecar } from "../support/scripted-sidecar.ts";
import { Tavern } from "./readme-example.ts";

let sidecar: ScriptedSidecar;
let game: GameServer;

beforeAll(async () => {
  sidecar = await startScriptedSidecar();
  vi.stubEnv("BANTERWIRE_URL", sidecar.url);
  game = await startGameServer([Tavern]);
});

afterAll(async () => {
  await game.stop();
  connectSidecar().close();
  await sidecar.close();
  vi.unstubAllEnvs();
});

test("the README shows the room that is run here", () => {
  const example = readFileSync(new URL("readme-example.ts", import.meta.url), "utf8");
  const readme = readFileSync(new URL("../../plugin-colyseus/README.md", import.meta.url), "utf8");
  expect(readme).toContain(`\`\`\`ts\n${example}\`\`\``);
});

test("in the README's room a player's words are answered", async () => {
  const room = await game.join(Tavern);
  const bubbles: string[] = [];
  watchBanter(room, { onText: (line) => bubbles.push(`${line.npc}: ${line.text}`) });
  room.send("chat", "What have you got?");
  const line = await sidecar.nextLine();
  expect(line.cue.said).toBe("What have you got?");
  line.text("Stew.");
  await expect.poll(() => bubbles).toEqual(["mira: Stew."]);
});
