import { BanterPlugin, type Character, connectSidecar } from "@banterwire/colyseus";
import { type BanterWatch, watchBanter, type WatchedLine } from "@banterwire/colyseus/client";
import { type Client, definePlugins, Room } from "@colyseus/core";
import { afterAll, afterEach, beforeAll, expect, test, vi } from "vitest";
import { type GameServer, startGameServer } from "../support/game-server.ts";
import { type ScriptedSidecar, startScriptedSidecar } from "../support/scripted-sidecar.ts";

const mira: Character = { id: "mira", name: "Mira", persona: "Keeps the bar.", fallbacks: ["Hm?"] };
const tom: Character = { id: "tom", name: "Tom", persona: "Plays dice.", fallbacks: ["Eh?"] };

let sidecar: ScriptedSidecar;
let game: GameServer;
let tavern: Tavern;

function made(room: Tavern): void {
  tavern = room;
}

class Tavern extends Room {
  override plugins = definePlugins([
    new BanterPlugin({
      characters: [mira, tom],
      sidecar: { url: sidecar.url },
      whoHears: (_client, text) => (text.startsWith("Tom") ? "tom" : "mira"),
    }),
  ]);

  override onCreate(): void {
    made(this);
    this.onMessage("chat", (client: Client, text: unknown) => {
      this.plugins.npcs.hear(client, text);
    });
  }

  override onDrop(client: Client): void {
    void this.allowReconnection(client, 10).catch(() => {});
  }
}

beforeAll(async () => {
  // The SDK tells of each reconnection.
  vi.spyOn(console, "info").mockImplementation(() => {});
  sidecar = await startScriptedSidecar();
  game = await startGameServer([Tavern]);
});

afterEach(async () => {
  await tavern.disconnect();
});

afterAll(async () => {
  await game.stop();
  connectSidecar({ url: sidecar.url }).close();
  await sidecar.close();
});

function texts(watch: BanterWatch): string[] {
  return [...watch.lines.values()].map((line) => `${line.npc}: ${line.text}`);
}

test("both tabs see the first words before there are more, and then the same line", async () => {
  const tabs = [await game.join(Tavern), await game.join(Tavern)] as const;
  const ended: WatchedLine[] = [];
  const watches = tabs.map((tab) => watchBanter(tab, { onEnd: (line) => ended.push(line) }));
  tabs[0].send("chat", "What have you got?");
  const line = await sidecar.nextLine();
  line.text("Stew");
  for (const watch of watches) await expect.poll(() => texts(watch)).toEqual(["mira: Stew"]);
  expect(ended).toEqual([]);
  for (const word of [",", " and", " more", " stew."]) line.text(word);
  line.end();
  await expect.poll(() => ended.length).toBe(2);
  expect(texts(watches[0]!)).toEqual(["mira: Stew, and more stew."]);
  expect(texts(watches[1]!)).toEqual(texts(watches[0]!));
  expect(ended[0]).toMatchObject({
    source: "model",
    end: { reason: "complete", displayMs: 1_500 },
  });
});

test("what the player said reaches the sidecar, with who said it and how long there is", async () => {
  const player = await game.join(Tavern);
  player.send("chat", `Tom,\u0007 ${"ha ".repeat(200)}`);
  const { cue } = await sidecar.nextLine();
  expect(cue).toMatchObject({ priority: "reply", player: [player.sessionId, "Someone"] });
  expect(cue.said).toMatch(/^Tom, {2}ha ha/);
  expect(cue.said?.length).toBeLessThanOrEqual(280);
  expect(cue.remainingMs).toBeGreaterThan(0);
});

test("one who joins mid-line gets what was said, and the rest as it comes", async () => {
  const early = await game.join(Tavern);
  early.send("chat", "Tom, your throw?");
  const toms = await sidecar.nextLine();
  toms.text("Six!");
  toms.end();
  early.send("chat", "And you, Mira?");
  const miras = await sidecar.nextLine();
  miras.text("I never");
  const lateWatch = watchBanter(await game.join(Tavern));
  await expect.poll(() => texts(lateWatch)).toEqual(["tom: Six!", "mira: I never"]);
  miras.text(" gamble.");
  miras.end();
  const ends = (): unknown => [...lateWatch.lines.values()].map((line) => line.end?.reason);
  await expect.poll(ends).toEqual(["complete", "complete"]);
  expect(texts(lateWatch)).toEqual(["tom: Six!", "mira: I never gamble."]);
});

test("one who comes back after a drop gets what was said meanwhile", async () => {
  const steady = await game.join(Tavern);
  const steadyWatch = watchBanter(steady);
  const shaky = await game.join(Tavern);
  const shakyWatch = watchBanter(shaky);
  steady.send("chat", "Long story, please.");
  const line = await sidecar.nextLine();
  line.text("Once");
  await expect.poll(() => texts(shakyWatch)).toEqual(["mira: Once"]);
  const back = Promise.withResolvers<void>();
  shaky.onReconnect(() => back.resolve());
  const dropped = Promise.withResolvers<void>();
  shaky.onDrop(() => dropped.resolve());
  shaky.connection.close(4010);
  await dropped.promise;
  line.text(" upon a time.");
  line.end();
  await expect.poll(() => [...steadyWatch.lines.values()][0]?.end).toBeDefined();
  await back.promise;
  await expect.poll(() => [...shakyWatch.lines.values()][0]?.end?.reason).toBe("complete");
  expect(texts(shakyWatch)).toEqual(["mira: Once upon a time."]);
});

test("a client that does not read is passed over, and told everything afterwards", async () => {
  const quick = watchBanter(await game.join(Tavern));
  const slowRoom = await game.join(Tavern);
  const snapshots: number[] = [];
  const slow = watchBanter(slowRoom, { onSnapshot: (lines) => snapshots.push(lines.length) });
  slowRoom.send("chat", "Hello?");
  const line = await sidecar.nextLine();
  line.text("One");
  await expect.poll(() => texts(slow)).toEqual(["mira: One"]);
  const { ref } = tavern.clients.get(slowRoom.sessionId)!;
  // What the socket would say if the browser had stopped reading.
  Object.defineProperty(ref, "bufferedAmount", { value: 1_000_000, configurable: true });
  line.text(" two");
  await expect.poll(() => texts(quick)).toEqual(["mira: One two"]);
  expect(texts(slow)).toEqual(["mira: One"]);
  Object.defineProperty(ref, "bufferedAmount", { value: 0, configurable: true });
  line.end();
  await expect.poll(() => texts(slow)).toEqual(["mira: One two"]);
  expect(snapshots).toEqual([1]);
});

test.each([undefined, null, "sink", 7, ["sync"], { sync: true }])(
  "the ill-formed sync request %j is passed over, and the player stays",
  async (request) => {
    const player = await game.join(Tavern);
    const watch = watchBanter(player);
    const left = vi.fn<() => void>();
    player.onLeave(left);
    player.send("banter", request);
    player.send("chat", "Still there?");
    (await sidecar.nextLine()).text("Aye.");
    await expect.poll(() => texts(watch)).toEqual(["mira: Aye."]);
    expect(left).not.toHaveBeenCalled();
  },
);
