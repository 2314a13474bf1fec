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

test("those that wait for their turn are not dropped: the newest is, where all do", () => {
  const pending = new PendingSockets(3);
  const [first, second, third] = three(pending);
  for (const socket of [first, third]) pending.waits(socket as unknown as Socket);
  const [, , last] = three(pending);
  expect([first, second, third].map(({ destroyed }) => destroyed)).toEqual([false, true, false]);
  pending.waits(last as unknown as Socket);
  const late = three(pending);
  expect(late.map(({ destroyed }) => destroyed)).toEqual([true, true, true]);
  expect([first, third, last].map(({ destroyed }) => destroyed)).toEqual([false, false, false]);
  expect(pending.size).toBe(3);
});

test("one that has had its turn is the newest of those that are waited for", () => {
  const pending = new PendingSockets(3);
  const [first, second] = three(pending);
  pending.waits(first as unknown as Socket);
  pending.served(first as unknown as Socket);
  three(pending);
  expect(second.destroyed).toBe(true);
});

test("one that has closed counts no more", () => {
  const pending = new PendingSockets(3);
  const [first, ...others] = three(pending);
  pending.waits(first as unknown as Socket);
  for (const socket of [first, ...others]) socket.destroy();
  expect(pending.size).toBe(0);
});
