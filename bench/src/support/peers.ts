/** The ways from a game process to an Ollama that are compared. */
import { type Client, createClient, type Room } from "@banterwire/protocol/client";
import { Ollama } from "ollama";
import { Pool } from "undici";
import { WebSocket } from "ws";
import { chat, type ChatEvents } from "../../floor/chat.ts";
import type { FloorFrame } from "../../floor/pipe.ts";
import { type Pace, promptOf } from "./pace.ts";
import { PACED_MODEL } from "./paced-upstream.ts";

export const PEERS = ["direct", "ollama", "floor", "sidecar"] as const;
/**
 * `direct`: `undici.dispatch` in the game process. `ollama`: the package in the game process.
 * `floor`: the pipe in `bench/floor`. `sidecar`: the reference client and `banterwire serve`.
 */
export type PeerName = (typeof PEERS)[number];

export interface Peer {
  /** Asks for a line; the function returned gives it up. */
  say(pace: Pace, events: ChatEvents): () => void;
}

const PERSONA = "You are Mira, who keeps the inn at the ford and has seen every traveller twice.";
/** Rooms of one connection: as many lines as a connection may have fit into them. */
const ROOMS = 24;
/** Overhead is measured, not the budget: no line is to be answered by a fallback. */
const BUDGET_MS = 10_000;

/** @param at where the peer is reached: the upstream's origin, or a WebSocket's URL */
export function connectPeer(name: PeerName, at: string, connections: number): Promise<Peer> {
  switch (name) {
    case "direct":
      return Promise.resolve(directPeer(at));
    case "ollama":
      return Promise.resolve(ollamaPeer(at));
    case "floor":
      return floorPeer(at, connections);
    case "sidecar":
      return sidecarPeer(at, connections);
  }
}

function messagesOf(pace: Pace): { role: string; content: string }[] {
  return [
    { role: "system", content: PERSONA },
    { role: "user", content: promptOf(pace) },
  ];
}

function bodyOf(pace: Pace): string {
  return JSON.stringify({ model: PACED_MODEL, messages: messagesOf(pace), stream: true });
}

function directPeer(origin: string): Peer {
  const pool = new Pool(origin, { connections: 4096, headersTimeout: 0, bodyTimeout: 0 });
  return { say: (pace, events) => chat(pool, bodyOf(pace), events) };
}

function ollamaPeer(origin: string): Peer {
  const ollama = new Ollama({ host: origin });
  return {
    say(pace, events) {
      let giveUp: (() => void) | undefined;
      let over = false;
      const stream = async (): Promise<void> => {
        const request = { model: PACED_MODEL, messages: messagesOf(pace), stream: true } as const;
        const parts = await ollama.chat(request);
        giveUp = () => parts.abort();
        if (over) return giveUp();
        for await (const { message } of parts)
          if (message.content !== "") events.text(message.content);
      };
      stream().then(
        () => over || events.end(true),
        () => over || events.end(false),
      );
      return () => {
        over = true;
        giveUp?.();
      };
    },
  };
}

async function floorPeer(url: string, connections: number): Promise<Peer> {
  const lines = new Map<number, ChatEvents>();
  const sockets = await Promise.all(Array.from({ length: connections }, () => opened(url)));
  for (const socket of sockets) {
    socket.on("message", (data) => {
      for (const [line, text] of JSON.parse((data as Buffer).toString()) as FloorFrame) {
        const events = lines.get(line);
        if (text !== null) events?.text(text);
        else if (lines.delete(line)) events?.end(true);
      }
    });
  }
  let last = 0;
  return {
    say(pace, events) {
      const line = ++last;
      const socket = sockets[line % sockets.length];
      lines.set(line, events);
      socket?.send(JSON.stringify([line, bodyOf(pace)]));
      return () => {
        if (lines.delete(line)) socket?.send(JSON.stringify([line, null]));
      };
    },
  };
}

function opened(url: string): Promise<WebSocket> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(url, { perMessageDeflate: false });
    socket.on("error", reject);
    socket.on("open", () => resolve(socket));
  });
}

async function sidecarPeer(url: string, connections: number): Promise<Peer> {
  const clients = Array.from({ length: connections }, () => createClient({ url }));
  await Promise.all(clients.map(untilOpen));
  const rooms = Array.from({ length: ROOMS * connections }, (_, index) =>
    roomOf(clients[index % connections]!, index),
  );
  let last = 0;
  return {
    say(pace, events) {
      const line = rooms[++last % rooms.length]!.say("mira", {
        event: promptOf(pace),
        ttftBudgetMs: BUDGET_MS,
        onText: (text) => events.text(text),
        onEnd: ({ source, reason }) => events.end(source === "model" && reason === "complete"),
      });
      return () => line.cancel();
    },
  };
}

function roomOf(client: Client, index: number): Room {
  const room = client.openRoom({ worldKey: `bench-${index}` });
  room.register({ id: "mira", name: "Mira", persona: PERSONA, fallbacks: ["…"] });
  return room;
}

async function untilOpen(client: Client): Promise<void> {
  while (client.state.name !== "open") await new Promise((resolve) => setTimeout(resolve, 5));
}
