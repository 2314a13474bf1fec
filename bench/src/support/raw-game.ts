import {
  type Cue,
  decodeDown,
  type Down,
  encode,
  type LineEnd,
  SUBPROTOCOL,
} from "@banterwire/protocol";
import { WebSocket } from "ws";
import { type Pace, promptOf } from "./pace.ts";

/** A game's connection without a client's own deadlines: what it hears is the sidecar's doing. */
export interface RawGame {
  /** Asks for a line; resolves with its terminal message. */
  cue(pace: Pace, remainingMs: number): { readonly line: number; readonly end: Promise<LineEnd> };
  cancel(line: number): void;
  close(): void;
}

const ROOMS = 24;
const CLOSED = "the sidecar closed the connection";

export function openRawGame(url: string): Promise<RawGame> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(url, SUBPROTOCOL, { perMessageDeflate: false });
    const send = (message: Parameters<typeof encode>[0]): void => socket.send(encode(message));
    const ends = new Map<number, PromiseWithResolvers<LineEnd>>();
    socket.on("error", reject);
    socket.on("close", () => {
      for (const end of ends.values()) end.reject(new Error(CLOSED));
    });
    socket.on("open", () =>
      send({ kind: "hello", minor: 0, capabilities: [], client: "bench", session: null }),
    );
    socket.on("message", (data) => {
      const message = decodeDown(data as Buffer);
      if (message.kind === "welcome") {
        for (let room = 1; room <= ROOMS; room++) openRoom(room, send);
        resolve(gameOf(socket, send, ends));
      } else hear(message, send, ends);
    });
  });
}

type Send = (message: Parameters<typeof encode>[0]) => void;
type Ends = Map<number, PromiseWithResolvers<LineEnd>>;

function openRoom(room: number, send: Send): void {
  send({ kind: "roomOpen", room, worldKey: `bench-${room}` });
  send({
    kind: "characterRegister",
    room,
    character: "mira",
    name: "Mira",
    persona: "You are Mira, who keeps the inn.",
    fallbacks: ["Not now, traveller."],
    closers: [],
  });
}

function hear(message: Down | { readonly kind: "unknown" }, send: Send, ends: Ends): void {
  if (message.kind === "ping") send({ kind: "pong", nonce: message.nonce });
  if (message.kind === "lineEnd") {
    ends.get(message.line)?.resolve(message);
    ends.delete(message.line);
  }
  if (message.kind === "error" && message.line !== null) {
    ends.get(message.line)?.reject(new Error(`${message.code}: ${message.message}`));
    ends.delete(message.line);
  }
}

function gameOf(socket: WebSocket, send: Send, ends: Ends): RawGame {
  let last = -1;
  return {
    cue(pace, remainingMs) {
      const line = (last += 2);
      const end = Promise.withResolvers<LineEnd>();
      if (socket.readyState !== WebSocket.OPEN) end.reject(new Error(CLOSED));
      ends.set(line, end);
      send(cueOf(line, pace, remainingMs));
      return { line, end: end.promise };
    },
    cancel: (line) => send({ kind: "cancel", line }),
    close: () => socket.terminate(),
  };
}

function cueOf(line: number, pace: Pace, remainingMs: number): Cue {
  return {
    kind: "cue",
    room: 1 + (((line - 1) / 2) % ROOMS),
    line,
    candidates: [["mira", 0, 255]],
    remainingMs,
    priority: "nearby",
    player: null,
    said: null,
    event: promptOf(pace),
    context: [],
    supersedes: null,
  };
}
