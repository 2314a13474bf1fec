import { EventEmitter } from "node:events";
import type { Socket } from "node:net";
import { expect, test } from "vitest";
import { PendingSockets } from "./pending-sockets.ts";

class FakeSocket extends EventEmitter {
  destroyed = false;

  destroy(): void {
    this.destroyed = true;
    this.emit("close");
  }
}

function three(pending: PendingSockets): [FakeSocket, FakeSocket, FakeSocket] {
  const sockets: [FakeSocket, FakeSocket, FakeSocket] = [
    new FakeSocket(),
    new FakeSocket(),
    new FakeSocket(),
  ];
  for (const socket of sockets) pending.add(socket as unknown as Socket);
  return sockets;
}

test("at the bound the oldest is dropped for the newest", () => {
  const pending = new PendingSockets(2);
  const sockets = three(pending);
  expect(sockets.map(({ destroyed }) => destroyed)).toEqual([true, false, false]);
  expect(pending.size).toBe(2);
});

test("one that has become a WebSocket counts no more and is never dropped", () => {
  const pending = new PendingSockets(3);
  const sockets = three(pending);
  pending.remove(sockets[0] as unknown as Socket);
  three(pending);
  expect(sockets.map(({ destroyed }) => destroyed)).toEqual([false, true, true]);
});

test("one that has closed counts no more", () => {
  const pending = new PendingSockets(3);
  for (const socket of three(pending)) socket.destroy();
  expect(pending.size).toBe(0);
});
