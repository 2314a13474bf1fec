import { EventEmitter } from "node:events";
import { setImmediate as nextTurn } from "node:timers/promises";
import { expect, test } from "vitest";
import type { WebSocket } from "ws";
import { MAX_BUFFERED_BYTES } from "../config.ts";
import { answerPings, MAX_PONGS_PER_TURN } from "./pings.ts";

class FakeSocket extends EventEmitter {
  readonly pongs: string[] = [];
  bufferedAmount = 0;

  pong(data: Buffer): void {
    this.pongs.push(String(data));
  }

  /** All in one turn of the loop, as from one piece of bytes. */
  pings(count: number): void {
    for (let index = 1; index <= count; index++) this.emit("ping", Buffer.from(String(index)));
  }
}

function answered(): FakeSocket {
  const socket = new FakeSocket();
  answerPings(socket as unknown as WebSocket);
  return socket;
}

test("some pings at once are answered one by one", async () => {
  const socket = answered();
  socket.pings(MAX_PONGS_PER_TURN);
  await nextTurn();
  expect(socket.pongs).toHaveLength(MAX_PONGS_PER_TURN);
  socket.pings(1);
  expect(socket.pongs).toHaveLength(MAX_PONGS_PER_TURN + 1);
});

test("of a flood the last one is answered, once in a turn", async () => {
  const socket = answered();
  socket.pings(10_000);
  expect(socket.pongs).toHaveLength(MAX_PONGS_PER_TURN);
  await nextTurn();
  expect(socket.pongs).toHaveLength(MAX_PONGS_PER_TURN + 1);
  expect(socket.pongs.at(-1)).toBe("10000");
});

test("a peer that does not read is answered no more, and again when it reads", () => {
  const socket = answered();
  socket.bufferedAmount = MAX_BUFFERED_BYTES + 1;
  socket.pings(1);
  expect(socket.pongs).toEqual([]);
  socket.bufferedAmount = 0;
  socket.pings(1);
  expect(socket.pongs).toEqual(["1"]);
});
