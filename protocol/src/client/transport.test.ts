import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type WebSocket, WebSocketServer } from "ws";
import { SUBPROTOCOL } from "../version.ts";
import { webSocketTransport } from "./transport.ts";

let server: WebSocketServer;
let url: string;

beforeEach(async () => {
  server = new WebSocketServer({ host: "127.0.0.1", port: 0 });
  await new Promise((resolve) => {
    server.once("listening", resolve);
  });
  url = `ws://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

afterEach(async () => {
  for (const socket of server.clients) socket.terminate();
  await new Promise((resolve) => {
    server.close(resolve);
  });
});

interface Opened {
  readonly peer: WebSocket;
  readonly authorization: string | undefined;
}

function nextClient(): Promise<Opened> {
  return new Promise((resolve) => {
    server.once("connection", (peer, request) => {
      resolve({ peer, authorization: request.headers.authorization });
    });
  });
}

describe("the WebSocket transport", () => {
  it("offers the subprotocol and the token, and carries bytes both ways", async () => {
    const client = nextClient();
    const opened = Promise.withResolvers<void>();
    const received = Promise.withResolvers<Uint8Array>();
    const lost = Promise.withResolvers<string>();
    const transport = webSocketTransport(
      url,
      "secret",
    )({
      opened: opened.resolve,
      received: received.resolve,
      lost: lost.resolve,
    });
    const { peer, authorization } = await client;
    await opened.promise;
    expect(authorization).toBe("Bearer secret");
    expect(peer.protocol).toBe(SUBPROTOCOL);
    const up = new Promise((resolve) => {
      peer.once("message", resolve);
    });
    transport.send(Uint8Array.of(1, 2));
    expect(await up).toEqual(Buffer.of(1, 2));
    peer.send(Buffer.of(3));
    expect(await received.promise).toEqual(Buffer.of(3));
    peer.close(4503, "draining");
    expect(await lost.promise).toBe("closed with code 4503 draining");
  });

  it("says once that it was lost, also where nobody listens, and never throws", async () => {
    const losses: [string, boolean][] = [];
    const nobody = "ws://127.0.0.1:1";
    const lost = Promise.withResolvers<void>();
    webSocketTransport(
      nobody,
      undefined,
    )({
      opened: () => {},
      received: () => {},
      lost(...loss) {
        losses.push(loss);
        lost.resolve();
      },
    });
    await lost.promise;
    expect(losses).toEqual([[expect.stringContaining("ECONNREFUSED"), true]]);
  });

  it("is not refused by a server that is there and lets nobody in", async () => {
    server.options.verifyClient = () => false;
    const lost = Promise.withResolvers<boolean>();
    webSocketTransport(
      url,
      undefined,
    )({
      opened: () => {},
      received: () => {},
      lost: (_why, isRefused) => lost.resolve(isRefused),
    });
    expect(await lost.promise).toBe(false);
  });

  it("lets go at once, also before it is open, and hears of it", async () => {
    const lost = Promise.withResolvers<string>();
    const transport = webSocketTransport(
      url,
      undefined,
    )({
      opened: () => {},
      received: () => {},
      lost: lost.resolve,
    });
    transport.abort();
    expect(await lost.promise).toContain("closed before the connection was established");
  });
});
