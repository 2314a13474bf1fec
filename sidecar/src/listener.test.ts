import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { once } from "node:events";
import { type IncomingMessage, request } from "node:http";
import { connect, type Socket } from "node:net";
import { setImmediate as nextTurn } from "node:timers/promises";
import { LIMITS, SUBPROTOCOL } from "@banterwire/protocol";
import { FakeClock } from "@banterwire/protocol/testing";
import { pino } from "pino";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { WebSocket } from "ws";
import { MESSAGE_TIMEOUT_MS } from "./config.ts";
import type { PeerSocket } from "./connection.ts";
import { unobserved } from "./happening.ts";
import { Listener, MAX_FRAGMENTS } from "./listener.ts";
import { StartError } from "./start-error.ts";

const TOKEN = "s3cret";
const MAX_PENDING_SOCKETS = 20;

let maxConnections: number;
let hasOpenLines: boolean;
/** What letting somebody in takes, by the clock. */
let handshakeMs: number;
let clock: FakeClock;
let listener: Listener;
let port: number;
let seen: Seen;

/** What the listener told of the sockets of one test. */
interface Seen {
  readonly sockets: PeerSocket[];
  readonly received: { readonly bytes: Uint8Array; readonly isBinary: boolean }[];
  unfinished: number;
  lost: number;
}

beforeEach(async () => {
  maxConnections = 4;
  hasOpenLines = false;
  handshakeMs = 0;
  clock = new FakeClock();
  seen = { sockets: [], received: [], unfinished: 0, lost: 0 };
  listener = newListener();
  ({ port } = await listener.listen());
});

afterEach(() => listener.close());

/** A masked binary message without payload. */
const MASKED_EMPTY = Buffer.of(0x82, 0x80, 0, 0, 0, 0);

function newListener(atPort = 0): Listener {
  const mine = seen;
  return new Listener({
    host: "127.0.0.1",
    port: atPort,
    socket: undefined,
    log: pino({ level: "silent" }),
    clock,
    observe: unobserved,
    maxPendingSockets: MAX_PENDING_SOCKETS,
    admission: () => ({
      token: TOKEN,
      origins: ["https://game.example"],
      maxConnections,
      framesPerSecond: 100,
    }),
    accept(socket) {
      mine.sockets.push(socket);
      clock.advance(handshakeMs);
      return {
        receive: (bytes, isBinary) => mine.received.push({ bytes, isBinary }),
        unfinished: () => mine.unfinished++,
        lost: () => mine.lost++,
      };
    },
    hasOpenLines: () => hasOpenLines,
    page: (path) => {
      if (path === "/broken") return Promise.reject(new Error("a secret of ours"));
      const page = { status: 200, contentType: "text/plain", body: "here" };
      return Promise.resolve(path === "/page" ? page : undefined);
    },
  });
}

function open(headers: Record<string, string> = {}, subprotocol = SUBPROTOCOL): WebSocket {
  const socket = new WebSocket(`ws://127.0.0.1:${port}`, subprotocol, {
    headers: { authorization: `Bearer ${TOKEN}`, ...headers },
    perMessageDeflate: false,
  });
  socket.on("error", () => {});
  return socket;
}

async function opened(): Promise<WebSocket> {
  const socket = open();
  await once(socket, "open");
  return socket;
}

/** What the upgrade was answered with. */
async function refusal(headers: Record<string, string>): Promise<[number, unknown]> {
  const upgrade = request({
    host: "127.0.0.1",
    port,
    headers: {
      connection: "Upgrade",
      upgrade: "websocket",
      "sec-websocket-version": "13",
      "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
      ...headers,
    },
  });
  upgrade.on("upgrade", (_response, socket) => socket.destroy());
  upgrade.end();
  const [response] = (await once(upgrade, "response")) as [IncomingMessage];
  let body = "";
  for await (const chunk of response.setEncoding("utf8")) body += String(chunk);
  return [response.statusCode ?? 0, JSON.parse(body)];
}

function soon(expectation: () => void): Promise<void> {
  return vi.waitFor(expectation, { timeout: 30_000, interval: 2 });
}

/** The WebSocket's own TCP socket, for bytes that no WebSocket sends. */
function rawOf(socket: WebSocket): Socket {
  return (socket as unknown as { _socket: Socket })._socket;
}

async function get(path: string, method = "GET"): Promise<[number, string]> {
  const response = await fetch(`http://127.0.0.1:${port}${path}`, { method });
  return [response.status, await response.text()];
}

/** All that the socket has sent has been received. */
async function answered(socket: WebSocket): Promise<void> {
  const pong = once(socket, "pong");
  socket.ping();
  await pong;
}

describe("an upgrade", () => {
  const authorization = `Bearer ${TOKEN}`;
  const protocol = { "sec-websocket-protocol": SUBPROTOCOL };

  test.each<[string, Record<string, string>, number, string]>([
    ["without a token", { ...protocol }, 401, "unauthorized"],
    ["with another token", { ...protocol, authorization: "Bearer s3creT" }, 401, "unauthorized"],
    [
      "with a longer token",
      { ...protocol, authorization: `${authorization}x` },
      401,
      "unauthorized",
    ],
    ["with a start of the token", { ...protocol, authorization: "Bearer s3" }, 401, "unauthorized"],
    [
      "with the token as it is not asked for",
      { ...protocol, authorization: TOKEN },
      401,
      "unauthorized",
    ],
    [
      "from a browser",
      { ...protocol, authorization, origin: "https://evil.example" },
      403,
      "origin_refused",
    ],
    ["without the subprotocol", { authorization }, 400, "subprotocol_missing"],
    [
      "with another subprotocol",
      { authorization, "sec-websocket-protocol": "chat" },
      400,
      "subprotocol_missing",
    ],
  ])("%s is refused with words about it", async (_what, headers, status, error) => {
    const expected = { error, message: expect.any(String), remedy: expect.any(String) };
    expect(await refusal(headers)).toEqual([status, expected]);
    expect(seen.sockets).toEqual([]);
  });

  test("that is refused is not waited for, though its peer never hangs up", async () => {
    const raw = connect({ port, host: "127.0.0.1", allowHalfOpen: true });
    await once(raw, "connect");
    raw.write("GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n");
    await once(raw.resume(), "end");
    await listener.close();
    raw.destroy();
    expect(seen.sockets).toEqual([]);
  });

  test("with the token and the subprotocol, or from an origin that is named, is let in", async () => {
    const socket = await opened();
    expect(socket.protocol).toBe(SUBPROTOCOL);
    const page = open({ origin: "https://game.example" });
    await once(page, "open");
    expect(seen.sockets).toHaveLength(2);
  });
});

describe("a WebSocket", () => {
  test("carries messages both ways, and tells of its loss once", async () => {
    const socket = await opened();
    const answer = once(socket, "message");
    socket.send(Buffer.from([1, 2]));
    socket.send("text");
    await soon(() => expect(seen.received).toHaveLength(2));
    expect(seen.received.map(({ isBinary }) => isBinary)).toEqual([true, false]);
    seen.sockets[0]?.send(Buffer.from([3]));
    expect(await answer).toEqual([Buffer.from([3]), true]);
    socket.terminate();
    await soon(() => expect(seen.lost).toBe(1));
  });

  test("that sends a frame beyond the bound is closed with 1009, and the frame is not read", async () => {
    const socket = await opened();
    socket.send(Buffer.alloc(LIMITS.MAX_FRAME_BYTES));
    socket.send(Buffer.alloc(LIMITS.MAX_FRAME_BYTES + 1));
    const [code] = (await once(socket, "close")) as [number];
    expect(code).toBe(1009);
    expect(seen.received.map(({ bytes }) => bytes.length)).toEqual([LIMITS.MAX_FRAME_BYTES]);
    await soon(() => expect(seen.lost).toBe(1));
  });

  test("may send a message in fragments, if they are within the bound together", async () => {
    const socket = await opened();
    socket.send(Buffer.from([1]), { fin: false });
    socket.send(Buffer.from([2]), { fin: true });
    await soon(() => expect(seen.received.map(({ bytes }) => [...bytes])).toEqual([[1, 2]]));
    socket.send(Buffer.alloc(40_000), { fin: false });
    socket.send(Buffer.alloc(40_000), { fin: true });
    const [code] = (await once(socket, "close")) as [number];
    expect(code).toBe(1009);
    expect(seen.received).toHaveLength(1);
  });

  test("that closes with a code is closed with that code", async () => {
    const socket = await opened();
    seen.sockets[0]?.close(4408, "handshake_timeout");
    const [code, reason] = (await once(socket, "close")) as [number, Buffer];
    expect([code, String(reason)]).toEqual([4408, "handshake_timeout"]);
  });
});

describe("connections", () => {
  test("beyond the bound are refused with words about it, until one ends", async () => {
    const [first] = await Promise.all([opened(), opened(), opened(), opened()]);
    const headers = {
      authorization: `Bearer ${TOKEN}`,
      "sec-websocket-protocol": SUBPROTOCOL,
    };
    expect(await refusal(headers)).toEqual([
      503,
      expect.objectContaining({ error: "too_many_connections", remedy: expect.any(String) }),
    ]);
    first.terminate();
    await soon(() => expect(seen.lost).toBe(1));
    await opened();
  });

  test("of sockets that never finish their handshake make room for one that does", async () => {
    const idle = await Promise.all(
      Array.from({ length: MAX_PENDING_SOCKETS + 1 }, async (_, index) => {
        const socket = connect(port, "127.0.0.1");
        socket.on("error", () => {});
        await once(socket, "connect");
        // Some of them begin to ask, and do not go on.
        if (index % 2 === 0) socket.write("GET / HTTP/1.1\r\nHost");
        return socket;
      }),
    );
    let dropped = 0;
    for (const socket of idle) socket.resume().on("close", () => dropped++);
    const socket = await opened();
    await soon(() => expect(dropped).toBeGreaterThanOrEqual(1));
    expect(socket.readyState).toBe(WebSocket.OPEN);
    for (const one of idle) one.destroy();
  });

  test.each(["", "G", "GET / HTTP/1.1\r\nHost: x\r\n"])(
    "that say %j and no more are dropped",
    async (said) => {
      const socket = connect(port, "127.0.0.1").on("error", () => {});
      socket.write(said);
      let isDropped = false;
      socket.resume().on("close", () => (isDropped = true));
      await soon(() => expect(isDropped).toBe(true));
    },
  );
});

/** The most that a count grows by in one turn of the loop, until it has grown so far. */
async function mostInATurn(count: () => number, enough: number): Promise<number> {
  let most = 0;
  for (let before = count(); before < enough;) {
    await nextTurn();
    most = Math.max(most, count() - before);
    before = count();
  }
  return most;
}

describe("peers that do it all at once", () => {
  beforeEach(() => {
    maxConnections = 100;
  });

  test("are let in one by one, a turn of the loop for each", async () => {
    const sockets = Array.from({ length: 15 }, () => open());
    expect(await mostInATurn(() => seen.sockets.length, sockets.length)).toBe(1);
  });

  test("are not read before their turn", async () => {
    const accepted: Socket[] = [];
    const note = (message: unknown): void => {
      accepted.push((message as { readonly socket: Socket }).socket);
    };
    const other = await opened();
    // The next handshake takes so long that those after it have to rest for the lines' sake.
    hasOpenLines = true;
    handshakeMs = 1_000;
    await opened();
    subscribe("net.server.socket", note);
    const peers = Array.from({ length: 15 }, () => connect(port, "127.0.0.1"));
    for (const peer of peers) peer.on("error", () => {}).write("GET");
    await soon(() => expect(accepted).toHaveLength(peers.length));
    unsubscribe("net.server.socket", note);
    await answered(other);
    await answered(other);
    const read = (): number => accepted.filter(({ bytesRead }) => bytesRead > 0).length;
    expect(read()).toBe(0);
    await soon(() => {
      clock.advance(1_000);
      expect(read()).toBe(peers.length);
    });
    for (const peer of peers) peer.destroy();
  });

  test.each([
    ["hang up", (raw: Socket) => raw.end()],
    ["are cut off", (raw: Socket) => raw.resetAndDestroy()],
  ])("and %s are missed one by one", async (_how, leave) => {
    const sockets = await Promise.all(Array.from({ length: 15 }, () => opened()));
    for (const socket of sockets) leave(rawOf(socket));
    expect(await mostInATurn(() => seen.lost, sockets.length)).toBeLessThan(4);
  });
});

test("what a peer that was cut off had sent beyond its portions is not read any more", async () => {
  const socket = await opened();
  // Half of its pace is for the others: the rest of this waits in the sidecar.
  rawOf(socket).write(Buffer.concat(Array.from({ length: 2_000 }, () => MASKED_EMPTY)));
  await soon(() => expect(seen.received.length).toBeGreaterThan(0));
  rawOf(socket).resetAndDestroy();
  await soon(() => expect(seen.lost).toBe(1));
  expect(seen.received.length).toBeLessThan(500);
});

describe("a peer's frames", () => {
  test("are read at a pace: what comes faster waits in the peer, and none of it is lost", async () => {
    const [flood, other] = [await opened(), await opened()];
    for (let count = 0; count < 200; count++) flood.send(Buffer.from([1]));
    await soon(() => expect(seen.received.length).toBeGreaterThan(100));
    flood.send(Buffer.from([2]));
    const read = seen.received.length;
    await answered(other);
    await answered(other);
    expect(seen.received).toHaveLength(read);
    await soon(() => {
      clock.advance(100);
      expect(seen.received).toHaveLength(201);
    });
    expect(seen.received.at(-1)?.bytes).toEqual(Buffer.from([2]));
  });

  test("count also if they are control frames", async () => {
    const [flood, other] = [await opened(), await opened()];
    let isLastAnswered = false;
    flood.on("pong", (data) => (isLastAnswered ||= String(data) === "last"));
    for (let count = 0; count < 300; count++) flood.ping();
    flood.ping("last");
    await soon(() => expect(clock.pending).toBeGreaterThan(0));
    await answered(other);
    await answered(other);
    expect(isLastAnswered).toBe(false);
    await soon(() => {
      clock.advance(100);
      expect(isLastAnswered).toBe(true);
    });
  });

  test("may be no more than a message's bound of fragments: the peer is closed with 1008", async () => {
    const socket = await opened();
    for (let count = 0; count <= MAX_FRAGMENTS; count++) {
      socket.send(Buffer.from([1]), { fin: false });
    }
    const advancing = setInterval(() => clock.advance(100), 1);
    const [code] = (await once(socket, "close")) as [number];
    clearInterval(advancing);
    expect(code).toBe(1008);
    expect(seen.received).toEqual([]);
  });
});

describe("a message that is begun", () => {
  test("and not ended in time is told of, however slowly its fragments keep coming", async () => {
    const socket = await opened();
    for (let elapsedMs = 0; elapsedMs < MESSAGE_TIMEOUT_MS; elapsedMs += 1_000) {
      expect(seen.unfinished).toBe(0);
      socket.send(Buffer.from([1]), { fin: false });
      await answered(socket);
      clock.advance(1_000);
    }
    expect(seen.unfinished).toBe(1);
  });

  test("and not ended in time is told of, also if not even its header is whole", async () => {
    const socket = await opened();
    rawOf(socket).write(Buffer.of(0x82));
    await soon(() => expect(clock.pending).toBe(1));
    clock.advance(MESSAGE_TIMEOUT_MS);
    expect(seen.unfinished).toBe(1);
  });

  test("and ended in time is not, also if it is one of many fragments and pings", async () => {
    const socket = await opened();
    for (let round = 0; round < 3; round++) {
      socket.send(Buffer.from([round]), { fin: false });
      socket.ping();
      await soon(() => expect(clock.pending).toBe(1));
      clock.advance(MESSAGE_TIMEOUT_MS - 1);
      socket.send(Buffer.from([round]), { fin: true });
      await soon(() => expect(seen.received).toHaveLength(round + 1));
      expect(clock.pending).toBe(0);
    }
    clock.advance(10 * MESSAGE_TIMEOUT_MS);
    expect(seen.unfinished).toBe(0);
  });

  test("and lost with its socket leaves nothing on the clock", async () => {
    const socket = await opened();
    socket.send(Buffer.from([1]), { fin: false });
    await soon(() => expect(clock.pending).toBe(1));
    socket.terminate();
    await soon(() => expect(clock.pending).toBe(0));
  });
});

describe("a page", () => {
  test("is found by its path alone", async () => {
    expect(await get("/page?fresh=1")).toEqual([200, "here"]);
  });

  test.each([
    ["GET", "/nowhere"],
    ["POST", "/page"],
    ["GET", "//"],
  ])("%s %s is a 404 that says so", async (method, path) => {
    expect(await get(path, method)).toEqual([404, expect.stringContaining("nothing at")]);
  });

  test("that fails is a 500 without our secrets", async () => {
    const [status, body] = await get("/broken");
    expect(status).toBe(500);
    expect(body).not.toContain("secret");
  });
});

test("a port that is taken is a StartError with a remedy", async () => {
  const second = newListener(port);
  const error = await second.listen().catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(StartError);
  expect(error).toMatchObject({
    code: "port_busy",
    exitCode: 3,
    remedy: expect.stringContaining("--port"),
  });
});
