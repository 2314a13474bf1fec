import { BanterPlugin, type Character, connectSidecar, type Line } from "@banterwire/colyseus";
import { watchBanter } from "@banterwire/colyseus/client";
import { type Client, definePlugins, Room } from "@colyseus/core";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { type GameServer, startGameServer } from "../support/game-server.ts";
import { type ScriptedSidecar, startScriptedSidecar } from "../support/scripted-sidecar.ts";

const mira: Character = { id: "mira", name: "Mira", persona: "Keeps the bar.", fallbacks: ["Hm?"] };
const tom: Character = { id: "tom", name: "Tom", persona: "Plays dice.", fallbacks: ["Eh?"] };

let sidecar: ScriptedSidecar;
let game: GameServer;
let tavern: Tavern;
let troubles: string[] = [];

function made(room: Tavern): void {
  tavern = room;
}

class Tavern extends Room {
  readonly heard: (Line | undefined)[] = [];

  override plugins = definePlugins([
    new BanterPlugin({
      characters: [mira, tom],
      sidecar: { url: sidecar.url },
      worldKey: "the-anchor",
      whoHears: (_client, text) => {
        if (text === "crash") throw new Error("no ears");
        if (text === "nobody") return undefined;
        if (text === "nobody near") return [];
        if (text.startsWith("All")) {
          return [
            { character: "tom", distanceCm: 300 },
            { character: "mira", distanceCm: 120, attention: 40 },
          ];
        }
        return text.startsWith("Tom") ? "tom" : "mira";
      },
      playerOf: (client) => ({ id: `player-${client.sessionId}`, name: "Ada\u0000" }),
      onTrouble: (why) => troubles.push(why),
    }),
  ]);

  override onCreate(): void {
    made(this);
    this.onMessage("chat", (client: Client, text: unknown) => {
      this.heard.push(this.plugins.npcs.hear(client, text));
    });
  }
}

beforeAll(async () => {
  sidecar = await startScriptedSidecar();
  game = await startGameServer([Tavern]);
});

beforeEach(() => {
  troubles = [];
});

afterEach(async () => {
  await tavern.disconnect();
});

afterAll(async () => {
  await game.stop();
  connectSidecar({ url: sidecar.url }).close();
  await sidecar.close();
});

test("a disposed room ends its lines, and says so to the sidecar", async () => {
  const player = await game.join(Tavern);
  player.send("chat", "Tell me all.");
  const { cue } = await sidecar.nextLine();
  await tavern.disconnect();
  await expect(tavern.heard[0]?.ended).resolves.toMatchObject({
    source: "none",
    reason: "cancelled",
  });
  await sidecar.seen((message) => message.kind === "cancel" && message.line === cue.line);
  await sidecar.seen((message) => message.kind === "roomClose" && message.room === cue.room);
});

test("say after the room is disposed still gives a line, which nobody hears", async () => {
  await game.join(Tavern);
  await tavern.disconnect();
  const line = tavern.plugins.npcs.say("mira", { event: "the door falls shut" });
  await expect(line.ended).resolves.toMatchObject({ source: "fallback", reason: "refused" });
  expect(troubles[0]).toMatch(/say\(\) has no room: it is closed/);
});

test("say to an NPC that does not exist gives a line and tells of the mistake", async () => {
  await game.join(Tavern);
  const line = tavern.plugins.npcs.say("mirra", { event: "a slip of the pen" });
  await expect(line.ended).resolves.toMatchObject({ source: "fallback", reason: "refused" });
});

test("the answer to one who leaves stays for the others", async () => {
  const asks = await game.join(Tavern);
  const listens = watchBanter(await game.join(Tavern));
  asks.send("chat", "What is new?");
  const line = await sidecar.nextLine();
  line.text("The bridge");
  await asks.leave();
  line.text(" is out.");
  line.end();
  const spoken = (): unknown => [...listens.lines.values()][0];
  await expect
    .poll(spoken)
    .toMatchObject({ text: "The bridge is out.", end: { reason: "complete" } });
});

test("when the last one leaves, no line goes on", async () => {
  const player = await game.join(Tavern);
  tavern.autoDispose = false;
  player.send("chat", "What is new?");
  const { cue } = await sidecar.nextLine();
  await player.leave();
  await sidecar.seen((message) => message.kind === "cancel" && message.line === cue.line);
  await expect(tavern.heard[0]?.ended).resolves.toMatchObject({ reason: "cancelled" });
});

test("a player's new words to an NPC replace that player's own open line with it", async () => {
  const player = await game.join(Tavern);
  player.send("chat", "What is new?");
  const first = await sidecar.nextLine();
  player.send("chat", "No, tell me of the bridge.");
  const second = await sidecar.nextLine();
  expect(second.cue.supersedes).toBe(first.cue.line);
  await expect(tavern.heard[0]?.ended).resolves.toMatchObject({ reason: "superseded" });
  expect(tavern.heard[1]?.state.name).toBe("waiting");
});

test("neither another player's words nor words to another NPC replace a line", async () => {
  const [ada, bob] = [await game.join(Tavern), await game.join(Tavern)];
  ada.send("chat", "What is new?");
  await sidecar.nextLine();
  bob.send("chat", "A beer!");
  expect((await sidecar.nextLine()).cue.supersedes).toBeNull();
  ada.send("chat", "Tom, your throw.");
  expect((await sidecar.nextLine()).cue.supersedes).toBeNull();
  expect(tavern.heard.map((line) => line?.state.name)).toEqual(["waiting", "waiting", "waiting"]);
});

test("of several who hear, the one whom the sidecar chooses speaks to all", async () => {
  const player = await game.join(Tavern);
  const watch = watchBanter(player);
  player.send("chat", "All of you, listen!");
  const line = await sidecar.nextLine();
  expect(line.cue.candidates).toEqual([
    ["mira", 120, 40],
    ["tom", 300, 255],
  ]);
  line.npc = "tom";
  line.text("Aye?");
  const spoken = (): unknown => [...watch.lines.values()][0];
  await expect.poll(spoken).toMatchObject({ npc: "tom", text: "Aye?" });
  player.send("chat", "Tom, your throw.");
  expect((await sidecar.nextLine()).cue.supersedes).toBe(line.cue.line);
});

test("a line that has ended is not replaced", async () => {
  const player = await game.join(Tavern);
  player.send("chat", "What is new?");
  const line = await sidecar.nextLine();
  line.text("Nothing.");
  line.end();
  await expect.poll(() => tavern.heard[0]?.state.name).toBe("ended");
  player.send("chat", "And now?");
  expect((await sidecar.nextLine()).cue.supersedes).toBeNull();
});

test.each([undefined, 42, "", "\u0000\n", "nobody", "nobody near", "crash"])(
  "of %j nobody hears, and the player stays",
  async (text) => {
    const player = await game.join(Tavern);
    player.send("chat", text);
    player.send("chat", "Hello?");
    await sidecar.nextLine();
    expect(tavern.heard.map((line) => line?.character)).toEqual([undefined, "mira"]);
  },
);

test("the world key and the identity are the game's own", async () => {
  const player = await game.join(Tavern);
  player.send("chat", "Hello!");
  const { cue } = await sidecar.nextLine();
  expect(cue.player).toEqual([`player-${player.sessionId}`, "Ada"]);
  const { room } = cue;
  const opened = sidecar.received.find((m) => m.kind === "roomOpen" && m.room === room);
  expect(opened).toMatchObject({ worldKey: "the-anchor" });
});
