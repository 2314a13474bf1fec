import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { connect, createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { listenOnSocket } from "./unix-socket.ts";

let folder: string;
let path: string;
let server: Server;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "banterwire-"));
  path = join(folder, "b.sock");
  server = createServer((socket) => {
    socket.on("error", () => socket.destroy());
    socket.end("hello");
  });
});

afterEach(async () => {
  if (server.listening) await closed(server);
  rmSync(folder, { recursive: true });
});

async function closed(one: Server): Promise<void> {
  one.close();
  await once(one, "close");
}

test("a socket file is its owner's alone, and goes with its server", async () => {
  const umask = process.umask();
  await listenOnSocket(server, path);
  expect(process.umask()).toBe(umask);
  expect(statSync(path).mode & 0o777).toBe(0o600);
  const client = connect(path).setEncoding("utf8");
  const [greeting] = (await once(client, "data")) as [string];
  expect(greeting).toBe("hello");
  client.destroy();
  await closed(server);
  expect(existsSync(path)).toBe(false);
});

test("a socket file on which somebody answers is left alone", async () => {
  await listenOnSocket(server, path);
  const late = createServer();
  await expect(listenOnSocket(late, path)).rejects.toMatchObject({ code: "EADDRINUSE" });
  expect(late.listening).toBe(false);
  const client = connect(path);
  await once(client, "connect");
  client.destroy();
});

test("a file that is no socket is left alone", async () => {
  writeFileSync(path, "precious");
  await expect(listenOnSocket(server, path)).rejects.toMatchObject({ code: "EADDRINUSE" });
  expect(statSync(path).size).toBe("precious".length);
});

test("a folder that is not there is an error", async () => {
  const nowhere = listenOnSocket(server, join(folder, "nowhere", "b.sock"));
  await expect(nowhere).rejects.toMatchObject({ code: expect.stringMatching(/^E(NOENT|ACCES)$/u) });
});
