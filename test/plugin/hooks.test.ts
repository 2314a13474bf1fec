import { BanterPlugin, type Character, connectSidecar } from "@banterwire/colyseus";
import { watchBanter } from "@banterwire/colyseus/client";
import { definePlugins, Room } from "@colyseus/core";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { type GameServer, type RoomClass, startGameServer } from "../support/game-server.ts";
import { type ScriptedSidecar, startScriptedSidecar } from "../support/scripted-sidecar.ts";

/*
 * Colyseus runs the hooks of plugins through wrappers on the room class's prototype. Each of these
 * rooms is one in which such a hook is skipped, runs twice, or breaks the room.
 */

const mira: Character = { id: "mira", name: "Mira", persona: "Keeps the bar.", fallbacks: ["Hm?"] };

let sidecar: ScriptedSidecar;
let game: GameServer;
let current: Room;
let uncaught: string[] = [];

interface Npcs {
  readonly npcs: Omit<BanterPlugin, "pluginName">;
}

function npcs(): Npcs {
  return definePlugins([new BanterPlugin({ characters: [mira], sidecar: { url: sidecar.url } })]);
}

function made(room: Room): void {
  current = room;
}

class CatchesItself extends Room {
  override plugins: Npcs = npcs();
  override onCreate(): void {
    made(this);
  }
  override onJoin(): void {}
  override onDispose(): void {}
  override onUncaughtException(error: Error): void {
    uncaught.push(error.message);
  }
}

class ArrowFields extends Room {
  override plugins: Npcs = npcs();
  override onCreate = (): void => made(this);
  override onJoin = (): void => {};
  override onLeave = (): void => {};
  override onDispose = (): void => {};
}

class Parent extends Room {
  override plugins: Npcs = npcs();
  override onCreate(): void {
    made(this);
  }
}

class RedeclaresPlugins extends Parent {
  override plugins: Npcs = npcs();
  override onJoin(): void {}
}

/** With the parent's wrappers on its prototype, Colyseus would look for a plugin that is not there. */
class KeysPluginAnew extends Parent {
  override plugins = { regulars: npcs().npcs } as unknown as Npcs;
}

class AsyncHooks extends Room {
  override plugins: Npcs = npcs();
  override async onCreate(): Promise<void> {
    made(this);
    await Promise.resolve();
  }
  override async onJoin(): Promise<void> {
    await Promise.resolve();
  }
  override async onLeave(): Promise<void> {
    await Promise.resolve();
  }
}

class ThrowsWhenLeft extends Parent {
  override onLeave(): void {
    throw new Error("the game's own");
  }
  override onDispose(): void {
    throw new Error("the game's own");
  }
}

const ROOMS = [
  CatchesItself,
  ArrowFields,
  Parent,
  RedeclaresPlugins,
  KeysPluginAnew,
  AsyncHooks,
  ThrowsWhenLeft,
];

beforeAll(async () => {
  sidecar = await startScriptedSidecar();
  game = await startGameServer([...ROOMS, NeverOpens, ShowsPlugin]);
});

afterEach(async () => {
  uncaught = [];
  await current.disconnect();
});

afterAll(async () => {
  await game.stop();
  connectSidecar({ url: sidecar.url }).close();
  await sidecar.close();
});

function pluginOf(room: Room): BanterPlugin {
  return Object.values(room.plugins as Record<string, BanterPlugin>)[0]!;
}

test.each(ROOMS.map((room) => [room.name, room] as const))(
  "in the first room of %s the plugin sees the room made, joined, left and disposed",
  async (_name, room: RoomClass) => {
    const opened = sidecar.received.length;
    const early = await game.join(room);
    // Made: the characters are known before anyone speaks.
    await sidecar.seen(
      (m) => sidecar.received.indexOf(m) >= opened && m.kind === "characterRegister",
    );
    pluginOf(current).say("mira", { event: "the fire cracks" });
    const line = await sidecar.nextLine();
    line.text("It");
    // Joined: the late one gets a snapshot without asking for it.
    const snapshots: string[][] = [];
    const late = await game.join(room);
    watchBanter(late, { onSnapshot: (lines) => snapshots.push(lines.map(({ text }) => text)) });
    await expect.poll(() => snapshots).toEqual([["It"]]);
    // Left: with nobody there, the line is cancelled, once.
    current.autoDispose = false;
    await Promise.all([early.leave(), late.leave()]);
    const { cue } = line;
    await sidecar.seen((m) => m.kind === "cancel" && m.line === cue.line);
    // Disposed: the room is closed, once.
    await current.disconnect().catch(() => {});
    await sidecar.seen((m) => m.kind === "roomClose" && m.room === cue.room);
    const told = (kind: string): number =>
      sidecar.received.filter((m) => m.kind === kind && "room" in m && m.room === cue.room).length;
    expect([told("roomOpen"), told("characterRegister"), told("roomClose")]).toEqual([1, 1, 1]);
    expect(uncaught).toEqual([]);
  },
);

class NeverOpens extends Room {
  override plugins: Npcs = npcs();
  override onCreate(): void {
    made(this);
    this.plugins.npcs.say("mira", { event: "the door opens" });
    throw new Error("no key");
  }
}

test("a room whose onCreate throws is not created, and leaves nothing open", async () => {
  await expect(game.join(NeverOpens)).rejects.toThrow("no key");
  const { cue } = await sidecar.nextLine();
  await sidecar.seen((m) => m.kind === "roomClose" && m.room === cue.room);
});

class ShowsPlugin extends Room {
  static shared: BanterPlugin;
  override plugins = definePlugins([ShowsPlugin.shared]);
  override onCreate(): void {
    made(this);
  }
}

test("one instance in two rooms is refused with what to do about it", async () => {
  ShowsPlugin.shared = new BanterPlugin({ characters: [mira], sidecar: { url: sidecar.url } });
  await game.join(ShowsPlugin);
  await current.lock();
  await expect(game.join(ShowsPlugin)).rejects.toThrow(
    /serves one room: create it in the room's class/,
  );
});

test("a handler that Colyseus binds to the room still reaches the plugin", async () => {
  const player = await game.join(Parent);
  const snapshots: unknown[] = [];
  watchBanter(player, { onSnapshot: (lines) => snapshots.push(lines) });
  player.send("banter", "sync");
  await expect.poll(() => snapshots).toEqual([[]]);
});

function boom(): never {
  throw new Error("the game's own");
}

test("what the game's own callbacks throw ends neither the line nor the process", async () => {
  const player = await game.join(Parent);
  const watch = watchBanter(player);
  pluginOf(current).say("mira", { event: "the fire cracks", onText: boom, onEnd: boom });
  const line = await sidecar.nextLine();
  line.text("It is");
  line.text(" cold.");
  line.end();
  const spoken = (): unknown => [...watch.lines.values()][0];
  await expect.poll(spoken).toMatchObject({ text: "It is cold.", end: { reason: "complete" } });
});
