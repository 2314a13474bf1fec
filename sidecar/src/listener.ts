import { timingSafeEqual } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";
import { type Clock, type Code, CODES, LIMITS, SUBPROTOCOL } from "@banterwire/protocol";
import { type WebSocket, WebSocketServer } from "ws";
import { MESSAGE_TIMEOUT_MS } from "./config.ts";
import type { PeerSocket } from "./connection.ts";
import type { Observe } from "./happening.ts";
import type { Log } from "./log.ts";
import { listenOnSocket } from "./listener/unix-socket.ts";
import { watchUnfinished } from "./listener/unfinished-message.ts";
import { EXIT_CODES, StartError } from "./start-error.ts";

/** What a GET is answered with. */
export interface Page {
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
}

/** What the listener tells about one socket. */
export interface Peer {
  receive(bytes: Uint8Array, isBinary: boolean): void;
  /** A message was begun and does not end. */
  unfinished(): void;
  lost(): void;
}

export interface ListenerOptions {
  readonly host: string;
  readonly port: number;
  /** A socket file in place of host and port. */
  readonly socket: string | undefined;
  readonly log: Log;
  readonly clock: Clock;
  /** Whom to let in, as it is now: a token (undefined lets anybody in), and browsers' origins. */
  admission(): { readonly token: string | undefined; readonly origins: readonly string[] };
  readonly observe: Observe;
  /** A client was let in. */
  accept(socket: PeerSocket): Peer;
  /** Answers a GET; undefined is a 404. */
  page(path: string): Promise<Page | undefined>;
}

/** Where a listener listens. */
export interface ListenAddress {
  /** 0 for a socket file. */
  readonly port: number;
  /** For a WebSocket client: `ws://127.0.0.1:7433`, or `ws+unix:/run/banterwire.sock`. */
  readonly url: string;
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

  /** Resolves with where it listens; rejects with a StartError if it cannot. */
  async listen(): Promise<ListenAddress> {
    const { host, port, socket } = this.#options;
    try {
      if (socket === undefined) await listenOnPort(this.#http, host, port);
      else await listenOnSocket(this.#http, socket);
    } catch (error) {
      throw socket === undefined ? portError(error, host, port) : socketError(error, socket);
    }
    this.#http.on("error", (error) => this.#options.log.error({ err: error }, "listener"));
    if (socket !== undefined) return { port: 0, url: `ws+unix:${socket}` };
    const { port: actual } = this.#http.address() as AddressInfo;
    return { port: actual, url: `ws://${host.includes(":") ? `[${host}]` : host}:${actual}` };
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
    const page = request.method === "GET" ? this.#options.page(path) : Promise.resolve(undefined);
    page.then(
      (found) => send(response, found ?? errorPage(404, `nothing at ${path}`)),
      (error: unknown) => {
        this.#options.log.error({ err: error, path }, "page");
        send(response, errorPage(500, "a fault of the sidecar's own; see its log"));
      },
    );
  }

  #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    socket.on("error", () => socket.destroy());
    const refusal = this.#refusalOf(request);
    if (refusal) {
      this.#options.observe({ kind: "upgradeRefused", code: refusal[1] });
      return refuse(socket, ...refusal);
    }
    this.#sockets.handleUpgrade(request, socket, head, (webSocket) => {
      this.#attach(webSocket, socket);
    });
  }

  #refusalOf(request: IncomingMessage): readonly [string, Code] | undefined {
    const { headers } = request;
    const { token, origins } = this.#options.admission();
    if (headers.origin !== undefined && !origins.includes(headers.origin)) {
      return ["403 Forbidden", "origin_refused"];
    }
    const shown = BEARER.exec(headers.authorization ?? "")?.[1];
    if (!isToken(shown, token)) return ["401 Unauthorized", "unauthorized"];
    const offered = (headers["sec-websocket-protocol"] ?? "").split(",").map((name) => name.trim());
    if (!offered.includes(SUBPROTOCOL)) return ["400 Bad Request", "subprotocol_missing"];
    return undefined;
  }

  #attach(webSocket: WebSocket, raw: Duplex): void {
    const peer = this.#options.accept(peerSocket(webSocket, raw));
    watchUnfinished(raw, this.#options.clock, MESSAGE_TIMEOUT_MS, () => peer.unfinished());
    webSocket.on("message", (data, isBinary) => {
      if (Buffer.isBuffer(data)) peer.receive(data, isBinary);
    });
    webSocket.on("error", (error) => {
      this.#options.observe({ kind: "socketFailed", why: error.message });
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

function send(response: ServerResponse, { status, contentType, body }: Page): void {
  response.writeHead(status, { "content-type": contentType });
  response.end(body);
}

function errorPage(status: number, error: string): Page {
  return { status, contentType: "application/json", body: `${JSON.stringify({ error })}\n` };
}

function refuse(socket: Duplex, status: string, code: Code): void {
  const { cause, remedy } = CODES[code];
  const body = `${JSON.stringify({ error: code, message: cause, remedy })}\n`;
  socket.end(
    `HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Type: application/json\r\n` +
      `Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
    // A peer that is refused and does not hang up is not waited for.
    () => socket.destroy(),
  );
}

function isToken(shown: string | undefined, token: string | undefined): boolean {
  if (token === undefined) return true;
  const [expected, given] = [Buffer.from(token), Buffer.from(shown ?? "")];
  return expected.length === given.length && timingSafeEqual(expected, given);
}

function listenOnPort(http: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    http.once("error", reject);
    http.listen(port, host, () => {
      http.off("error", reject);
      resolve();
    });
  });
}

function portError(error: unknown, host: string, port: number): StartError {
  if (codeOf(error) === "EADDRINUSE") {
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
    `Cannot listen on ${host}:${port}: ${messageOf(error)}.`,
    "Choose another --host or --port.",
  );
}

function socketError(error: unknown, path: string): StartError {
  if (codeOf(error) === "EADDRINUSE") {
    return new StartError(
      "socket_busy",
      EXIT_CODES.portBusy,
      `${path} belongs to another program, or is no socket.`,
      "Choose another with --socket FILE, or stop that program.",
    );
  }
  return new StartError(
    "cannot_listen",
    EXIT_CODES.usage,
    `Cannot listen on ${path}: ${messageOf(error)}.`,
    "Choose another --socket, in a folder that exists and that you may write to.",
  );
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && "code" in error ? error.code : undefined;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
