import { describe, expect, test } from "vitest";
import { HEARTBEAT_MS } from "./config.ts";
import { MemoryGame } from "./testing/memory-game.ts";
import { VirtualWorld } from "./testing/virtual/virtual-world.ts";

const INSTANT = { slots: 1, upDelayMs: 0, downDelayMs: 0, pieceBytes: 100_000, abortLoses: true };

describe("a half-open connection", () => {
  test("is noticed by both ends two intervals after the last word, and the game is back", async () => {
    const world = new VirtualWorld(INSTANT);
    await world.pass(3_210);
    const [first] = world.peersOf(0);
    await world.make({ do: "deafen", game: 0 });
    await world.pass(2 * HEARTBEAT_MS);
    expect(first?.closed).toEqual({ code: 4408, reason: "heartbeat_timeout" });
    const [, second] = world.peersOf(0);
    expect(second?.all("welcome")).toMatchObject([{ resumed: true }]);
    expect(world.clientOf(0).state.name).toBe("open");
    expect(world.peersOf(1)).toHaveLength(1);
    expect(await world.aftermath()).toEqual([]);
  });

  test("is not what a blocked loop looks like: what waits in the socket is read first", () => {
    const game = new MemoryGame();
    game.hello();
    game.clock.block(10 * HEARTBEAT_MS);
    game.clock.turn();
    expect(game.peer.closed).toBeUndefined();
    game.send({ kind: "ping", nonce: 1 });
    game.clock.advance(2 * HEARTBEAT_MS - 1);
    expect(game.peer.closed).toBeUndefined();
    game.clock.advance(1);
    expect(game.peer.closed).toMatchObject({ reason: "heartbeat_timeout" });
  });
});
