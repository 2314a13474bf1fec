import { timingSafeEqual } from "node:crypto";
import type { IncomingMessage, Server } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import type { Duplex } from "node:stream";
import { type Clock, type Code, CODES, LIMITS, SUBPROTOCOL } from "@banterwire/protocol";
import { type ServerOptions, type WebSocket, WebSocketServer } from "ws";
import { MESSAGE_TIMEOUT_MS } from "./config.ts";
import type { PeerSocket } from "./connection.ts";
import type { Observe } from "./happening.ts";
import { readIncoming } from "./listener/incoming.ts";
import { Pages, type PagesParts } from "./listener/pages.ts";
import { PendingSockets } from "./listener/pending-sockets.ts";
import { answerPings } from "./listener/pings.ts";
import { holdBack } from "./listener/hold-back.ts";
import { portError, socketError } from "./listener/port-error.ts";
import { listenOnPort } from "./listener/tcp-port.ts";
import { Turns } from "./listener/turns.ts";
import { untilItSpeaks } from "./listener/until-it-speaks.ts";
import { listenOnSocket } from "./listener/unix-socket.ts";

// An import reads every export, and some of this module's load the undici that Node brings: 13 MB.
const { createServer } = process.getBuiltinModule("node:http");

/** What the listener tells about one socket. */
export interface Peer {
  receive(bytes: Uint8Array, isBinary: boolean): void;
  /** A message was begun and does not end. */
  unfinished(): void;
  /** @param closeCode what the client closed it with; 1006 where it did not */
  lost(closeCode: number): void;
}

export interface Admission {
  /** What a client must show; undefined lets anybody in. */
  readonly token: string | undefined;
  /** Of browsers. */
  readonly origins: readonly string[];
  readonly maxConnections: number;
  /** Of one connection; more are read later. */
  readonly framesPerSecond: number;
}

export interface ListenerOptions extends PagesParts {
  readonly host: string;
  readonly port: number;
  /** A socket file in place of host and port. */
  readonly socket: string | undefined;
  readonly clock: Clock;
  /** Sockets that are no WebSocket; past it the oldest is dropped. */
  readonly maxPendingSockets: number;
  /** Whom to let in, as it is now. */
  admission(): Admission;
  /** Whether anybody has a line open, which is served before what can wait. */
  hasOpenLines(): boolean;
  readonly observe: Observe;
  /** A client was let in, by the token `game` where one is asked for. */
  accept(socket: PeerSocket, game: string | undefined): Peer;
}

/** Where a listener listens. */
export interface ListenAddress {
  /** 0 for a socket file. */
  readonly port: number;
  /** For a WebSocket client: `ws://127.0.0.1:7433`, or `ws+unix:/run/banterwire.sock`. */
  readonly url: string;
}

/** From a socket's turn to its first byte; and from there, or a page's last byte, to a request's end. */
export const UPGRADE_TIMEOUT_MS = 5_000;
/** Node looks for those that are late once in this time. */
const LOOK_FOR_LATE_MS = 1_000;
/** Fragments of one message: nobody has a use for many. */
export const MAX_FRAGMENTS = 1_024;
/** Pieces in which the bytes of one frame may come from the network. */
export const MAX_PIECES_PER_FRAME = 16_384;
/** For a peer to answer our close; then its socket is dropped. */
export const CLOSE_TIMEOUT_MS = 2_000;

/** A few games that come together are let in at once; to begin to read one is little. */
export const COMING_AND_GOING = { share: 0.25, maxCreditMs: 1, littlesPerTask: 8 } as const;
export const PAGES = { share: 0.1, maxCreditMs: 10 } as const;
/** A hundred cues that a game sends at once are no flood. */
export const READING_ON = { share: 0.4, maxCreditMs: 20 } as const;

// The types of ws do not know all of its options.
const WEB_SOCKET_OPTIONS: ServerOptions & Readonly<Record<string, unknown>> = {
  noServer: true,
  maxPayload: LIMITS.MAX_FRAME_BYTES,
  maxFragments: MAX_FRAGMENTS,
  maxBufferedChunks: MAX_PIECES_PER_FRAME,
  closeTimeout: CLOSE_TIMEOUT_MS,
  autoPong: false,
  // A frame of a few bytes could unfold into megabytes; texts this short are not worth the CPU.
  perMessageDeflate: false,
  handleProtocols: () => SUBPROTOCOL,
};

const BEARER = /^Bearer (.+)$/u;

/** The sidecar's one port: WebSocket upgrades of games, and pages for operators. */
export class Listener {
  readonly #options: ListenerOptions;
  readonly #http: Server;
  readonly #pending: PendingSockets;
  readonly #pages: Pages;
  /** Those who come and those who go: a thousand games do so at once where a network breaks. */
  readonly #comingAndGoing: Turns;
  /** Those who send more than is read at once. */
  readonly #readingOn: Turns;
  readonly #sockets = new WebSocketServer(WEB_SOCKET_OPTIONS);

  constructor(options: ListenerOptions) {
    this.#options = options;
    this.#pending = new PendingSockets(options.maxPendingSockets);
    this.#comingAndGoing = new Turns({ ...options, ...COMING_AND_GOING });
    this.#readingOn = new Turns({ ...options, ...READING_ON });
    this.#pages = new Pages(options, new Turns({ ...options, ...PAGES }));
    this.#http = createServer(
      { requestTimeout: UPGRADE_TIMEOUT_MS, connectionsCheckingInterval: LOOK_FOR_LATE_MS },
      (request, response) => this.#pages.answer(request, response),
    );
    // An option of net's servers, which HTTP's do not hand on: nothing is read before its turn.
    Object.assign(this.#http, { pauseOnConnect: true });
    holdBack(this.#http, "connection", (connect, socket) =>
      this.#arrive(socket as Socket, connect),
    );
    this.#http.on("upgrade", (request, socket, head) => {
      this.#pending.waits(request.socket);
      this.#comingAndGoing.runFirst(() => {
        if (socket.destroyed) return false;
        this.#upgrade(request, socket, head);
        return true;
      });
    });
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
    this.#pending.destroyAll();
    return new Promise((resolve) => {
      this.#http.close(() => resolve());
      this.#http.closeAllConnections();
    });
  }

  /** @param connect hands the socket to the HTTP server */
  #arrive(socket: Socket, connect: () => void): void {
    socket.on("error", drop);
    this.#pending.add(socket);
    // Where all wait for their turn the newest is dropped.
    if (socket.destroyed) return;
    this.#pending.waits(socket);
    this.#comingAndGoing.run(() => {
      if (socket.destroyed) return false;
      this.#pending.served(socket);
      // Not before it speaks: one that says nothing costs no parser, and has a timer of its own.
      untilItSpeaks(socket, UPGRADE_TIMEOUT_MS, () => this.#goOnWith(socket, connect));
      return true;
    });
  }

  #goOnWith(socket: Socket, connect: () => void): void {
    this.#pending.waits(socket);
    // At once: what was read of a thousand and then waits for a second outlives collections.
    this.#comingAndGoing.runFirst(() => {
      if (socket.destroyed) return false;
      this.#pending.served(socket);
      connect();
      socket.resume();
      return true;
    });
  }

  #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const { token } = this.#options.admission();
    const refusal = this.#refusalOf(request);
    if (refusal) {
      this.#options.observe({ kind: "upgradeRefused", code: refusal[1] });
      return refuse(socket, ...refusal);
    }
    // The answer leaves in one packet with the welcome, where the hello came with the request.
    socket.cork();
    this.#sockets.handleUpgrade(request, socket, head, (webSocket) => {
      this.#pending.remove(request.socket);
      this.#attach(webSocket, socket, token);
    });
    process.nextTick(() => socket.uncork());
  }

  #refusalOf(request: IncomingMessage): readonly [string, Code] | undefined {
    const { headers } = request;
    const { token, origins, maxConnections } = this.#options.admission();
    if (headers.origin !== undefined && !origins.includes(headers.origin)) {
      return ["403 Forbidden", "origin_refused"];
    }
    const shown = BEARER.exec(headers.authorization ?? "")?.[1];
    if (!isToken(shown, token)) return ["401 Unauthorized", "unauthorized"];
    const offered = (headers["sec-websocket-protocol"] ?? "").split(",").map((name) => name.trim());
    if (!offered.includes(SUBPROTOCOL)) return ["400 Bad Request", "subprotocol_missing"];
    if (this.#sockets.clients.size >= maxConnections) {
      return ["503 Service Unavailable", "too_many_connections"];
    }
    return undefined;
  }

  #attach(webSocket: WebSocket, raw: Duplex, game: string | undefined): void {
    const peer = this.#options.accept(new WebSocketPeer(webSocket, raw), game);
    // Who ends without a close has gone, and what was not written yet with it: ws would wait for that.
    holdBack(raw, "end", () =>
      this.#comingAndGoing.runFirst(() => {
        raw.destroy();
        return true;
      }),
    );
    holdBack(raw, "close", (close) =>
      this.#comingAndGoing.runFirst(() => {
        // What was not read in its turn: ws would read it now, all at once.
        raw.read(raw.readableLength);
        close();
        return true;
      }),
    );
    answerPings(webSocket);
    readIncoming({
      raw,
      clock: this.#options.clock,
      turns: this.#readingOn,
      messageTimeoutMs: MESSAGE_TIMEOUT_MS,
      framesPerSecond: this.#options.admission().framesPerSecond,
      isClosing: () => webSocket.readyState !== webSocket.OPEN,
      unfinished: () => peer.unfinished(),
    });
    webSocket.on("message", (data, isBinary) => {
      if (Buffer.isBuffer(data)) peer.receive(data, isBinary);
    });
    webSocket.on("error", (error) => {
      this.#options.observe({ kind: "socketFailed", why: error.message });
    });
    webSocket.on("close", (closeCode) => peer.lost(closeCode));
  }
}

function drop(this: Duplex): void {
  this.destroy();
}

/** A WebSocket as its connection sees it. */
class WebSocketPeer implements PeerSocket {
  readonly #webSocket: WebSocket;
  readonly #raw: Duplex;
  #isCorked = false;

  constructor(webSocket: WebSocket, raw: Duplex) {
    this.#webSocket = webSocket;
    this.#raw = raw;
  }

  get bufferedBytes(): number {
    return this.#webSocket.bufferedAmount;
  }

  send(bytes: Uint8Array): void {
    if (!this.#isCorked) {
      // What is sent in one turn leaves in one packet: a line's begin with its first text.
      this.#isCorked = true;
      this.#raw.cork();
      process.nextTick(uncork, this);
    }
    this.#webSocket.send(bytes, ignoreSendError);
  }

  uncork(): void {
    this.#isCorked = false;
    this.#raw.uncork();
  }

  close(code: number, reason: string): void {
    this.#webSocket.close(code, reason);
  }
}

function uncork(peer: WebSocketPeer): void {
  peer.uncork();
}

/** A send that fails is followed by `close`, which ends the connection. */
function ignoreSendError(): void {}

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
