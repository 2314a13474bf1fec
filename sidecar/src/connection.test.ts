import { decodeDown, encode } from "@banterwire/protocol";
import { describe, expect, test } from "vitest";
import { HEARTBEAT_MS, HELLO_TIMEOUT_MS, MAX_BUFFERED_BYTES } from "./config.ts";
import { MemoryGame } from "./testing/memory-game.ts";

function codes(game: MemoryGame): string[] {
  return game.peer.all("error").map(({ code }) => code);
}

describe("the greeting", () => {
  test("is answered by a welcome that names the version, the budget and the limits", () => {
    const game = new MemoryGame();
    game.hello();
    expect(game.peer.messages).toEqual([
      expect.objectContaining({
        kind: "welcome",
        minor: 0,
        epoch: 7,
        resumed: false,
        ttftBudgetMs: 200,
        heartbeatMs: HEARTBEAT_MS,
        maxLinesPerRoom: 64,
      }),
    ]);
  });

  test("that does not come in time closes the connection", () => {
    const game = new MemoryGame();
    game.clock.advance(HELLO_TIMEOUT_MS - 1);
    expect(game.peer.closed).toBeUndefined();
    game.clock.advance(1);
    expect(codes(game)).toEqual(["handshake_timeout"]);
    expect(game.peer.closed).toEqual({ code: 4408, reason: "handshake_timeout" });
  });

  test.each([
    ["a second hello", (game: MemoryGame) => (game.hello(), game.hello())],
    ["a room before hello", (game: MemoryGame) => game.send(ROOM_OPEN)],
    ["a ping before hello", (game: MemoryGame) => game.send({ kind: "ping", nonce: 1 })],
  ])("%s is unexpected and closes the connection", (_what, act) => {
    const game = new MemoryGame();
    act(game);
    expect(codes(game)).toEqual(["unexpected_message"]);
    expect(game.peer.closed).toEqual({ code: 4401, reason: "unexpected_message" });
  });
});

const ROOM_OPEN = { kind: "roomOpen", room: 1, worldKey: "tavern" } as const;

describe("a frame", () => {
  test("of text closes the connection", () => {
    const game = MemoryGame.inRoom();
    game.connection.receive(Buffer.from("hello"), false);
    expect(codes(game)).toEqual(["frame_not_binary"]);
    expect(game.peer.closed).toMatchObject({ code: 1003 });
  });

  test.each([
    ["nothing", Uint8Array.of()],
    ["half of a message", encode(ROOM_OPEN).subarray(0, 4)],
    ["two messages", Buffer.concat([encode(ROOM_OPEN), encode(ROOM_OPEN)])],
    ["an extension type", Uint8Array.of(0x92, 0x02, 0xd4, 0x01, 0x00)],
  ])("of %s closes the connection with an error", (_what, bytes) => {
    const game = MemoryGame.inRoom();
    game.connection.receive(bytes, true);
    expect(codes(game)).toHaveLength(1);
    expect(game.peer.closed).toMatchObject({ code: 4400 });
  });

  test("of an unknown type is refused and leaves the connection open", () => {
    const game = MemoryGame.inRoom();
    game.connection.receive(Uint8Array.of(0x91, 0x7f), true);
    expect(codes(game)).toEqual(["unknown_type"]);
    expect(game.peer.closed).toBeUndefined();
    game.cue(1);
    expect(game.upstream.asked).toHaveLength(1);
  });

  test("with a field out of its range is refused and leaves the connection open", () => {
    const game = MemoryGame.inRoom();
    game.cue(2);
    expect(game.peer.all("error")).toEqual([
      expect.objectContaining({ code: "bad_field", message: expect.stringContaining("cue.line") }),
    ]);
    expect(game.peer.closed).toBeUndefined();
  });

  test("after the close is not read", () => {
    const game = MemoryGame.inRoom();
    game.connection.receive(Buffer.from("text"), false);
    game.cue(1);
    expect(game.upstream.asked).toEqual([]);
    expect(game.peer.breaches).toEqual([]);
  });

  test("with an error is never answered by an error", () => {
    const game = MemoryGame.inRoom();
    game.send({ kind: "error", code: "bad", message: "x", room: null, line: null, scene: null });
    expect(codes(game)).toEqual([]);
  });
});

describe("the heartbeat", () => {
  test("a ping is answered by a pong of the same nonce", () => {
    const game = MemoryGame.inRoom();
    game.send({ kind: "ping", nonce: 41 });
    expect(game.peer.all("pong")).toEqual([{ kind: "pong", nonce: 41 }]);
  });

  test("a peer is pinged each interval and gone after two silent ones, whenever it fell silent", () => {
    const game = MemoryGame.inRoom();
    game.clock.advance(HEARTBEAT_MS - 1);
    expect(game.peer.all("ping")).toHaveLength(0);
    game.clock.advance(1_234);
    expect(game.peer.all("ping")).toHaveLength(1);
    game.send({ kind: "ping", nonce: 1 });
    game.clock.advance(2 * HEARTBEAT_MS - 1);
    expect(game.peer.all("ping")).toHaveLength(3);
    expect(game.peer.closed).toBeUndefined();
    game.clock.advance(1);
    expect(codes(game)).toEqual(["heartbeat_timeout"]);
    expect(game.peer.closed).toEqual({ code: 4408, reason: "heartbeat_timeout" });
  });

  test("a peer that answers stays", () => {
    const game = MemoryGame.inRoom();
    for (let beats = 0; beats < 20; beats++) {
      game.clock.advance(HEARTBEAT_MS);
      for (const { nonce } of game.peer.all("ping").slice(-1)) game.send({ kind: "pong", nonce });
    }
    expect(game.peer.closed).toBeUndefined();
  });
});

describe("a connection that is lost", () => {
  test("ends its lines upstream, cools its characters and leaves nothing on the clock", () => {
    const game = MemoryGame.inRoom();
    game.cue(1);
    game.cue(3);
    game.upstream.last.grant();
    game.upstream.last.text("Well");
    game.connection.lost();
    expect(game.upstream.asked.map(({ isAborted }) => isAborted)).toEqual([true, true]);
    expect(game.upstream.kept).toEqual([]);
    expect(game.sessions).toMatchObject({ rooms: 0, openLines: 0 });
    expect(game.clock.pending).toBe(0);
  });

  test("is lost once, and a second time nothing happens", () => {
    const game = MemoryGame.inRoom();
    game.connection.lost();
    game.connection.lost();
    game.connection.drain();
    expect(game.peer.all("drain")).toEqual([]);
  });
});

test("a peer that reads too slowly is let go of, with all that it had open", () => {
  const game = MemoryGame.inRoom();
  game.cue(1);
  game.upstream.last.grant();
  game.peer.bufferedBytes = MAX_BUFFERED_BYTES + 1;
  game.upstream.last.text("Well");
  expect(game.peer.closed).toEqual({ code: 4409, reason: "slow_consumer" });
  expect(game.upstream.last.isAborted).toBe(true);
  expect(game.sessions.openLines).toBe(0);
  expect(game.clock.pending).toBe(0);
});

describe("a sidecar about to stop", () => {
  test("ends what is open, then says good-bye, then closes", async () => {
    const game = MemoryGame.inRoom();
    game.cue(1);
    game.cue(3);
    game.upstream.last.grant();
    game.upstream.last.text("Well");
    game.upstream.last.text(" met");
    game.connection.drain();
    game.flushed();
    expect(game.peer.line(1).end).toMatchObject({ source: "fallback", reason: "upstream" });
    expect(game.peer.line(3)).toMatchObject({ text: "Well metBut I talk too much." });
    expect(game.peer.line(3).end).toMatchObject({ source: "model", reason: "truncated" });
    expect(game.peer.messages.slice(-2)).toMatchObject([
      { kind: "drain" },
      { kind: "error", code: "draining" },
    ]);
    expect(game.peer.closed).toEqual({ code: 4503, reason: "draining" });
    expect(game.peer.breaches).toEqual([]);
  });
});

test("every frame that leaves can be decoded by a client, long text included", async () => {
  const game = MemoryGame.inRoom();
  const sizes: number[] = [];
  const { peer } = game;
  const send = peer.send.bind(peer);
  peer.send = (bytes) => {
    sizes.push(bytes.length);
    expect(decodeDown(bytes).kind).not.toBe("unknown");
    send(bytes);
  };
  for (let line = 1; line < 64; line += 2) {
    game.cue(line);
    game.upstream.last.grant();
  }
  for (const generation of game.upstream.asked) generation.text("Well");
  for (const generation of game.upstream.asked) generation.text("火".repeat(4_000));
  game.flushed();
  for (const generation of game.upstream.asked) generation.done();
  expect(game.peer.breaches).toEqual([]);
  expect(game.peer.line(63).text).toBe(`Well${"火".repeat(4_000)}`);
  expect(Math.max(...sizes)).toBeLessThan(65_536);
});

test("a message that does not end closes the connection", () => {
  const game = MemoryGame.inRoom();
  game.connection.unfinished();
  game.connection.unfinished();
  expect(codes(game)).toEqual(["fragment_timeout"]);
  expect(game.peer.closed).toEqual({ code: 4408, reason: "fragment_timeout" });
});
