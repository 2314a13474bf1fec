import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  decodeDown,
  type Down,
  encode,
  SUBPROTOCOL,
  systemClock,
  type Up,
} from "@banterwire/protocol";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { WebSocket } from "ws";
import { NO_CARDS } from "../config/card.ts";
import { DEFAULT_CONFIG, limitsOf } from "../config.ts";
import { Connection } from "../connection.ts";
import { type Happening, type Observe, unobserved } from "../happening.ts";
import { Listener } from "../listener.ts";
import { createLog } from "../log.ts";
import { RateLimit } from "../policy/rate.ts";
import { SessionTable } from "../session/session-table.ts";
import { HandUpstream } from "../testing/hand-upstream.ts";

const PATIENCE_MS = 30_000;
/** Characters of three bytes, as many of them as a line may have in a few steps. */
const PIECE = "火".repeat(500);
const PIECES = 8;
const LINES = 60;

let folder: string;
let listener: Listener;
let sessions: SessionTable;
let upstream: HandUpstream;
let happenings: Happening[];

beforeEach(() => {
  happenings = [];
  const observe: Observe = (happening) => void happenings.push(happening);
  folder = mkdtempSync(join(tmpdir(), "banterwire-slow-"));
  upstream = new HandUpstream();
  sessions = new SessionTable({
    upstream,
    clock: systemClock,
    observe: unobserved,
    cards: () => NO_CARDS,
    gameRate: new RateLimit(100_000, systemClock.nowMs()),
    limits: () => limitsOf({ ...DEFAULT_CONFIG, maxCuesPerSecondPerRoom: 10_000 }),
    memory: () => DEFAULT_CONFIG,
    resumeWindowMs: () => 60_000,
    maxDetached: () => 1,
  });
  let connections = 0;
  listener = new Listener({
    host: "127.0.0.1",
    port: 0,
    // What waits in the kernel for a socket file's reader is far less than for a port's.
    socket: join(folder, "s"),
    log: createLog("silent"),
    clock: systemClock,
    maxPendingSockets: 8,
    admission: () => ({
      token: undefined,
      origins: [],
      maxConnections: 8,
      framesPerSecond: 100_000,
    }),
    observe: unobserved,
    hasOpenLines: () => false,
    page: () => Promise.resolve(undefined),
    accept(socket, game) {
      const connection = new Connection({
        socket,
        game,
        connection: ++connections,
        sessions,
        clock: systemClock,
        observe,
        ttftBudgetMs: 200,
        epoch: 1,
      });
      return {
        receive: (bytes, isBinary) => connection.receive(bytes, isBinary),
        unfinished: () => connection.unfinished(),
        lost: (closeCode) => connection.lost(closeCode),
      };
    },
  });
});

afterEach(async () => {
  await listener.close();
  sessions.closeDetached();
  rmSync(folder, { recursive: true });
});

/** A game that keeps what each of its lines said, and checks that it comes in order. */
class Game {
  readonly received: Down[] = [];
  readonly breaches: string[] = [];
  readonly texts: Map<number, string>;
  readonly ended = new Set<number>();
  readonly socket: WebSocket;
  closedWith: number | undefined;

  constructor(url: string, texts: Map<number, string> = new Map()) {
    this.texts = texts;
    this.socket = new WebSocket(`${url}:/`, SUBPROTOCOL);
    this.socket.on("message", (data) => this.#receive(decodeDown(data as Buffer) as Down));
    this.socket.on("close", (code) => (this.closedWith = code));
    this.socket.on("error", () => {});
  }

  /** Code points of all lines together. */
  get heard(): number {
    return this.texts.values().reduce((sum, text) => sum + text.length, 0);
  }

  send(message: Up): void {
    this.socket.send(encode(message));
  }

  async greet(session: Uint8Array | null = null): Promise<Extract<Down, { kind: "welcome" }>> {
    await once(this.socket, "open");
    const [minor, client] = [0, "a slow one"];
    this.send({ kind: "hello", minor, client, capabilities: ["resume"], session });
    await vi.waitUntil(() => this.received.length > 0, { timeout: PATIENCE_MS });
    const [welcome] = this.received;
    if (welcome?.kind !== "welcome") throw new Error("no welcome");
    return welcome;
  }

  /** Opens a room and asks for so many lines. */
  async ask(lines: number): Promise<void> {
    const [room, character] = [1, "mira"];
    const mira = { name: "Mira", persona: "Mira.", fallbacks: ["Hm?"], closers: ["…"] };
    this.send({ kind: "roomOpen", room, worldKey: "tavern" });
    this.send({ kind: "characterRegister", room, character, ...mira });
    const before = upstream.asked.length;
    for (let count = 0; count < lines; count++) {
      const nothing = { player: null, said: null, context: [], supersedes: null };
      const candidates: [string, number, number][] = [[character, 0, 0]];
      const line = 2 * count + 1;
      const cue = { room, line, candidates, remainingMs: 60_000, event: "A bell.", ...nothing };
      this.send({ kind: "cue", priority: "reply", ...cue });
    }
    const isAsked = (): boolean => upstream.asked.length === before + lines;
    await vi.waitUntil(isAsked, { timeout: PATIENCE_MS });
  }

  #receive(message: Down): void {
    this.received.push(message);
    if (message.kind === "lineEnd") {
      const { line, length } = message;
      if (this.ended.has(line)) this.breaches.push(`line ${line} ended twice`);
      if (length !== this.texts.get(line)?.length) this.breaches.push(`line ${line} ends early`);
      this.ended.add(message.line);
    }
    for (const [line, offset, text] of message.kind === "delta" ? message.parts : []) {
      const before = this.texts.get(line) ?? "";
      if (offset !== before.length) this.breaches.push(`line ${line} goes on at ${offset}`);
      this.texts.set(line, before + text);
    }
  }
}

test(
  "a game that stops reading is told, let go of and gets all of it when it comes back; its neighbour notices nothing",
  { timeout: 4 * PATIENCE_MS },
  async () => {
    const { url } = await listener.listen();
    const slow = new Game(url);
    const { session } = await slow.greet();
    await slow.ask(LINES);
    const neighbour = new Game(url);
    await neighbour.greet();
    await neighbour.ask(LINES);
    slow.socket.pause();
    for (const generation of upstream.asked) generation.grant();
    for (let piece = 0; piece < PIECES; piece++) {
      for (const generation of upstream.asked) generation.text(PIECE);
      const due = LINES * (piece + 1) * PIECE.length;
      await vi.waitUntil(() => neighbour.heard === due, { timeout: PATIENCE_MS });
    }
    expect(upstream.asked.filter(({ isAborted }) => isAborted)).toEqual([]);
    for (const generation of upstream.asked) generation.done();
    const whole = PIECE.repeat(PIECES);
    const isServed = (): boolean => neighbour.ended.size === LINES;
    await vi.waitUntil(isServed, { timeout: PATIENCE_MS });
    expect(new Set(neighbour.texts.values())).toEqual(new Set([whole]));
    expect(neighbour.received.filter(({ kind }) => kind === "flow")).toEqual([]);

    await vi.waitUntil(() => sessions.detached === 1, { timeout: PATIENCE_MS });
    slow.socket.resume();
    await vi.waitUntil(() => slow.closedWith !== undefined, { timeout: PATIENCE_MS });
    const errors = happenings.filter(({ kind }) => kind === "errorSent");
    expect(errors).toMatchObject([{ connection: 1, code: "slow_consumer" }]);
    expect(slow.heard).toBeLessThan(LINES * whole.length);

    const back = new Game(url, slow.texts);
    const welcome = await back.greet(session);
    expect(welcome.resumed).toBe(true);
    const lines = Array.from({ length: LINES }, (_, index): [number, number] => {
      const line = 2 * index + 1;
      return [line, slow.texts.get(line)?.length ?? 0];
    });
    back.send({ kind: "resume", lines, more: false });
    await vi.waitUntil(() => back.ended.size === LINES, { timeout: PATIENCE_MS });
    expect(new Set(back.texts.values())).toEqual(new Set([whole]));
    expect([slow, back, neighbour].flatMap(({ breaches }) => breaches)).toEqual([]);
    for (const game of [neighbour, back]) game.socket.close(1000);
    await vi.waitUntil(() => sessions.rooms === 0, { timeout: PATIENCE_MS });
  },
);
