import { timingSafeEqual } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";
import { type Code, CODES, LIMITS, SUBPROTOCOL } from "@banterwire/protocol";
import { type WebSocket, WebSocketServer } from "ws";
import type { PeerSocket } from "./connection.ts";
import type { Log } from "./log.ts";
import { EXIT_CODES, StartError } from "./start-error.ts";

/** What the listener tells about one socket. */
export interface Peer {
  receive(bytes: Uint8Array, isBinary: boolean): void;
  lost(): void;
}

export interface ListenerOptions {
  readonly host: string;
  readonly port: number;
  readonly token: string | undefined;
  readonly log: Log;
  /** A client was let in. */
  accept(socket: PeerSocket): Peer;
  /** Answers a GET; undefined is a 404. */
  page(path: string): { readonly status: number; readonly body: object } | undefined;
}

const UPGRADE_TIMEOUT_MS = 5_000;
const BEARER = /^Bearer (.+)$/u;

/** The sidecar's one port: WebSocket upgrades of games, and pages for operators. */
export class Listener {
  readonly #options: ListenerOptions;
  readonly #http: Server;
  readonly #sockets = new WebSocketServer({
    noServer: true,
    maxPayload: LIMITS.MAX_FRAME_BYTES,
    perMessageDeflate: false,
    handleProtocols: () => SUBPROTOCOL,
  });

  constructor(options: ListenerOptions) {
    this.#options = options;
    this.#http = createServer({ requestTimeout: UPGRADE_TIMEOUT_MS }, (request, response) =>
      this.#answer(request, response),
    );
    this.#http.on("upgrade", (request, socket, head) => this.#upgrade(request, socket, head));
    this.#http.on("clientError", (_error, socket) => socket.destroy());
  }

  /** Resolves with the port; rejects with a StartError if it cannot be had. */
  listen(): Promise<number> {
    const { host, port } = this.#options;
    return new Promise((resolve, reject) => {
      this.#http.once("error", (error: NodeJS.ErrnoException) =>
        reject(startError(error, host, port)),
      );
      this.#http.listen(port, host, () => {
        this.#http.removeAllListeners("error");
        this.#http.on("error", (error) => this.#options.log.error({ err: error }, "listener"));
        resolve((this.#http.address() as AddressInfo).port);
      });
    });
  }

  /** Lets nobody in any more and drops who is left. */
  close(): Promise<void> {
    for (const socket of this.#sockets.clients) socket.terminate();
    return new Promise((resolve) => {
      this.#http.close(() => resolve());
      this.#http.closeAllConnections();
    });
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const path = URL.parse(request.url ?? "/", "http://sidecar")?.pathname ?? "/";
    const page = request.method === "GET" ? this.#options.page(path) : undefined;
    const { status, body } = page ?? { status: 404, body: { error: `nothing at ${path}` } };
    response.writeHead(status, { "content-type": "application/json" });
    response.end(`${JSON.stringify(body)}\n`);
  }

  #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    socket.on("error", () => socket.destroy());
    const refusal = this.#refusalOf(request);
    if (refusal) return refuse(socket, ...refusal);
    this.#sockets.handleUpgrade(request, socket, head, (webSocket) => {
      this.#attach(webSocket, socket);
    });
  }

  #refusalOf(request: IncomingMessage): readonly [string, Code] | undefined {
    const { headers } = request;
    if (headers.origin !== undefined) return ["403 Forbidden", "origin_refused"];
    const shown = BEARER.exec(headers.authorization ?? "")?.[1];
    if (!this.#isToken(shown)) return ["401 Unauthorized", "unauthorized"];
    const offered = (headers["sec-websocket-protocol"] ?? "").split(",").map((name) => name.trim());
    if (!offered.includes(SUBPROTOCOL)) return ["400 Bad Request", "subprotocol_missing"];
    return undefined;
  }

  #isToken(shown: string | undefined): boolean {
    const { token } = this.#options;
    if (token === undefined) return true;
    const [expected, given] = [Buffer.from(token), Buffer.from(shown ?? "")];
    return expected.length === given.length && timingSafeEqual(expected, given);
  }

  #attach(webSocket: WebSocket, raw: Duplex): void {
    const peer = this.#options.accept(peerSocket(webSocket, raw));
    webSocket.on("message", (data, isBinary) => {
      if (Buffer.isBuffer(data)) peer.receive(data, isBinary);
    });
    webSocket.on("error", (error) => {
      this.#options.log.debug({ error: error.message }, "socket error");
    });
    webSocket.on("close", () => peer.lost());
  }
}

function peerSocket(webSocket: WebSocket, raw: Duplex): PeerSocket {
  let corked = false;
  const uncork = (): void => {
    corked = false;
    raw.uncork();
  };
  return {
    send(bytes) {
      if (!corked) {
        // What is sent in one turn leaves in one packet: a line's begin with its first text.
        corked = true;
        raw.cork();
        process.nextTick(uncork);
      }
      webSocket.send(bytes, ignoreSendError);
    },
    close: (code, reason) => webSocket.close(code, reason),
    abort: () => webSocket.terminate(),
    get bufferedBytes() {
      return webSocket.bufferedAmount;
    },
  };
}

/** A send that fails is followed by `close`, which ends the connection. */
function ignoreSendError(): void {}

function refuse(socket: Duplex, status: string, code: Code): void {
  const { cause, remedy } = CODES[code];
  const body = `${JSON.stringify({ error: code, message: cause, remedy })}\n`;
  socket.end(
    `HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Type: application/json\r\n` +
      `Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );
}

function startError(error: NodeJS.ErrnoException, host: string, port: number): StartError {
  if (error.code === "EADDRINUSE") {
    return new StartError(
      "port_busy",
      EXIT_CODES.portBusy,
      `Port ${port} on ${host} is taken by another program.`,
      "Choose another with --port N, or stop that program.",
    );
  }
  return new StartError(
    "cannot_listen",
    EXIT_CODES.usage,
    `Cannot listen on ${host}:${port}: ${error.message}.`,
    "Choose another --host or --port.",
  );
}
