import { BanterPlugin, type Character, connectSidecar } from "@banterwire/colyseus";
import { watchBanter } from "@banterwire/colyseus/client";
import { definePlugins, Room } from "@colyseus/core";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { openStallingWire, type StallingWire } from "../hostile/stalling-wire.ts";
import { type GameServer, startGameServer } from "../support/game-server.ts";
import {
  type ScriptedLine,
  type ScriptedSidecar,
  startScriptedSidecar,
} from "../support/scripted-sidecar.ts";

const NPCS = Array.from({ length: 33 }, (_, index) => `npc-${index}`);
const [NARRATOR = "", ...CROWD] = NPCS;
const characters = NPCS.map((id): Character => ({
  id,
  name: id,
  persona: "Talks much.",
  fallbacks: ["Hm?"],
}));
/** As much as a delta may carry; a line has room for two of them. */
const MUCH = "🔥".repeat(2_000);
/** More than the kernel holds for a socket that nobody reads: some 10 MB, half a megabyte a round. */
const MAX_ROUNDS = 200;
/** Ends what hangs; a busy machine has time. */
const SOON_MS = 60_000;

let sidecar: ScriptedSidecar;
let game: GameServer;
let wire: StallingWire;
let tavern: Tavern;

function made(room: Tavern): void {
  tavern = room;
}

class Tavern extends Room {
  override plugins = definePlugins([
    new BanterPlugin({ characters, sidecar: { url: sidecar.url } }),
  ]);

  override onCreate(): void {
    made(this);
  }
}

beforeAll(async () => {
  vi.spyOn(console, "info").mockImplementation(() => {});
  sidecar = await startScriptedSidecar();
  // Without the server's pings: how long the stall may last is up to the test.
  game = await startGameServer([Tavern], 0);
  wire = await openStallingWire(game.port);
});

afterAll(async () => {
  wire.flow();
  await tavern.disconnect();
  wire.close();
  await game.stop();
  connectSidecar({ url: sidecar.url }).close();
  await sidecar.close();
});

async function ask(npc: string): Promise<ScriptedLine> {
  tavern.plugins.npcs.say(npc, { event: "It is late." });
  return sidecar.nextLine();
}

/** The whole crowd says a long line at once. */
async function uproar(): Promise<void> {
  for (const npc of CROWD) {
    const line = await ask(npc);
    line.text(MUCH);
    line.text(MUCH);
    line.end();
  }
}

test("a browser that stops reading is skipped at a bound, the others miss nothing, and it is told all when it reads on", async () => {
  const ended = { quick: 0, broken: 0 };
  const quick = watchBanter(await game.join(Tavern), {
    onEnd: (line) => {
      ended.quick++;
      if (line.text !== MUCH + MUCH) ended.broken++;
    },
    onSnapshot: () => ended.broken++,
  });
  const slowRoom = await game.join(Tavern, { viaPort: wire.port });
  let snapshots = 0;
  const slow = watchBanter(slowRoom, { onSnapshot: () => snapshots++ });
  const { ref } = tavern.clients.get(slowRoom.sessionId)!;
  const waitingBytes = (): number =>
    (ref as unknown as { readonly bufferedAmount: number }).bufferedAmount;

  const story = await ask(NARRATOR);
  story.text("Once");
  await vi.waitUntil(() => slow.lines.size === 1, { timeout: SOON_MS });
  wire.stall();
  // One more if its join was not quite complete when the story began.
  const snapshotsBefore = snapshots;

  // Until the kernel takes no more for the slow one, and its own bound is reached.
  let rounds = 0;
  while (waitingBytes() <= 65_536) {
    expect(++rounds).toBeLessThan(MAX_ROUNDS);
    await uproar();
    await vi.waitUntil(() => ended.quick === rounds * CROWD.length, { timeout: SOON_MS });
  }
  const heldBytes = waitingBytes();
  story.text(" upon a time");
  for (let more = 0; more < 5; more++) {
    await uproar();
    rounds++;
    await vi.waitUntil(() => ended.quick === rounds * CROWD.length, { timeout: SOON_MS });
    expect(waitingBytes()).toBeLessThanOrEqual(heldBytes);
  }
  expect(ended.broken).toBe(0);
  expect(snapshots).toBe(snapshotsBefore);

  wire.flow();
  await vi.waitUntil(() => snapshots > snapshotsBefore, { timeout: SOON_MS });
  story.text(", the end.");
  story.end();
  const told = (watch: typeof slow): string[] =>
    NPCS.map((npc) => {
      const line = [...watch.lines.values()].findLast((one) => one.npc === npc);
      // Not the text itself: nobody could read what differs.
      const text = line?.text === MUCH + MUCH ? "much" : line?.text.slice(0, 40);
      return `${npc}: ${line?.end?.reason} ${text}`;
    });
  await vi.waitUntil(() => [...slow.lines.values()].every((line) => line.end), {
    timeout: SOON_MS,
  });
  expect(told(slow)).toEqual(told(quick));
  expect(told(slow)[0]).toBe(`${NARRATOR}: complete Once upon a time, the end.`);
}, 240_000);
