import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { afterEach, beforeEach, expect, test } from "vitest";
import { untilItSpeaks } from "./until-it-speaks.ts";

const LONG_MS = 60_000;

let server: Server;
let client: Socket;
let socket: Socket;

beforeEach(async () => {
  server = createServer({ allowHalfOpen: true }).listen(0, "127.0.0.1");
  await once(server, "listening");
  client = connect((server.address() as AddressInfo).port, "127.0.0.1");
  [socket] = (await once(server, "connection")) as [Socket];
});

afterEach(async () => {
  client.destroy();
  server.close();
  await once(server, "close");
});

test("the first bytes are left to whoever reads the socket then", async () => {
  const spoken = new Promise<void>((resolve) => untilItSpeaks(socket, LONG_MS, resolve));
  client.write("hello");
  await spoken;
  expect([socket.isPaused(), socket.timeout]).toEqual([true, 0]);
  socket.resume();
  expect(String((await once(socket, "data"))[0])).toBe("hello");
  client.end();
  await once(socket, "end");
  expect(socket.destroyed).toBe(false);
  socket.destroy();
});

test("a socket that says nothing in time is dropped", async () => {
  untilItSpeaks(socket, 10, () => expect.unreachable());
  await once(socket, "close");
});

test("a socket that hangs up without a word is dropped", async () => {
  untilItSpeaks(socket, LONG_MS, () => expect.unreachable());
  client.end();
  await once(socket, "close");
});
