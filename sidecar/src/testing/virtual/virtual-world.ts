import type { Client, OpenTransport, Transport } from "@banterwire/protocol/client";
import { decodeUp } from "@banterwire/protocol";
import { FakeClock, memoryTransport } from "@banterwire/protocol/testing";
import { NO_CARDS } from "../../config/card.ts";
import { DEFAULT_CONFIG, HEARTBEAT_MS, limitsOf } from "../../config.ts";
import { Connection } from "../../connection.ts";
import type { Happening } from "../../happening.ts";
import { RateLimit } from "../../policy/rate.ts";
import { SessionTable } from "../../session/session-table.ts";
import type { EndpointStatus } from "../../upstream/endpoint-state.ts";
import { Fleet } from "../../upstream/fleet.ts";
import { MemoryPeer } from "../memory-peer.ts";
import { MOODS, type Mood } from "../moods.ts";
import { type Reply, saying } from "../reply.ts";
import type { WhileLoading } from "../residency.ts";
import type { Move } from "./move.ts";
import { pass, settled } from "./pass.ts";
import { VirtualBackend } from "./virtual-backend.ts";
import { VirtualGame } from "./virtual-game.ts";
import type { VirtualLine } from "./virtual-line.ts";

export interface WorldOptions {
  readonly slots: number;
  readonly upDelayMs: number;
  readonly downDelayMs: number;
  readonly pieceBytes: number;
  /** Ollamas; one unless said otherwise. */
  readonly engines?: number;
  readonly whileLoading?: WhileLoading;
  /** Whether a connection that breaks loses what is under way. */
  readonly abortLoses: boolean;
}

/** Small enough that random games meet them. */
const LIMITS = limitsOf({
  ...DEFAULT_CONFIG,
  maxLines: 12,
  maxLinesPerRoom: 8,
  maxCuesPerSecondPerRoom: 40,
});
/** Every clock of the sidecar has run out by then: of a line, and of a generation of its own. */
const AFTERMATH_MS = 130_000;
/** For the last words to arrive: far less than what any timer of the sidecar waits for. */
const GOOD_BYE_MS = 200;
/** A round trip that needs no estimate: less than the guards of the client. */
const NEAR_MS = 2;
/** The longest back-off of a client, and a slow greeting. */
const RECONNECTED_MS = 2_000;
const GAPS_MS = [0, 15, 40];

interface Dialled {
  readonly connection: Connection;
  readonly peer: MemoryPeer;
  readonly transport: Transport;
  /** Nothing passes any more, and neither end is told. */
  isDeaf: boolean;
  /** What the game's end has not read, while it does not read. */
  unread: Uint8Array[] | undefined;
}

/**
 * Games, a sidecar and an Ollama in one process, under one clock: the production client, the
 * production sidecar but for its sockets, and a scripted engine, in virtual time.
 */
export class VirtualWorld {
  readonly clock = new FakeClock(1_000);
  readonly #backends: readonly VirtualBackend[];
  readonly #upstream: Fleet;
  readonly #sessions: SessionTable;
  readonly #options: WorldOptions;
  readonly #games: VirtualGame[] = [];
  readonly #allGames: VirtualGame[] = [];
  readonly #dialled: Dialled[][] = [[], []];
  readonly #blocks: { readonly fromMs: number; readonly toMs: number }[] = [];
  /** When a game may have been without a sidecar. */
  readonly #disturbances: { readonly fromMs: number; readonly toMs: number }[] = [];
  readonly #moods: Mood[] = [];
  readonly #terminals = new Map<string, number>();
  #refusesUntilMs = 0;
  #connections = 0;
  #epoch = 1;

  constructor(options: WorldOptions) {
    this.#options = options;
    const { clock } = this;
    const backend = {
      whileLoading: "lists" as const,
      ...options,
      clock,
      observe: (happening: Happening) => this.#observe(happening),
      reply: (index: number) => this.#reply(index),
    };
    this.#backends = Array.from(
      { length: options.engines ?? 1 },
      (_, at) => new VirtualBackend(at, backend),
    );
    this.#upstream = new Fleet(
      this.#backends.map(({ member }) => member),
      backend,
    );
    this.#upstream.start();
    this.#sessions = new SessionTable({
      observe: (happening) => this.#observe(happening),
      clock,
      upstream: this.#upstream,
      cards: () => NO_CARDS,
      gameRate: new RateLimit(LIMITS.maxCuesPerSecondPerGame, clock.nowMs()),
      limits: () => LIMITS,
      memory: () => DEFAULT_CONFIG,
      resumeWindowMs: () => DEFAULT_CONFIG.resumeWindowMs,
      maxDetached: () => 1,
    });
    for (const game of [0, 1]) this.#startGame(game);
  }

  async make(move: Move): Promise<void> {
    if (move.do === "pass") return this.pass(move.ms);
    if (move.do === "block") return this.#block(move.ms);
    this.#happen(move);
    await settled();
  }

  clientOf(game: number): Client {
    return this.#game(game).client;
  }

  /** What an endpoint tells of itself. */
  statusOf(engine: number): EndpointStatus {
    const backend = this.#backends[engine];
    if (!backend) throw new Error(`no engine ${engine}`);
    return backend.endpoint.status;
  }

  /** What came by each connection of a game, the oldest first. */
  peersOf(game: number): readonly MemoryPeer[] {
    return (this.#dialled[game] ?? []).map(({ peer }) => peer);
  }

  pass(ms: number): Promise<void> {
    return pass(this.clock, ms);
  }

  /** What is wrong now; holds at any moment. */
  breaches(): string[] {
    const { openLines } = this.#sessions;
    const wrong = this.#dialled.flat().flatMap(({ peer }) => peer.breaches);
    // One that is watched, and where there are several one that is tried out.
    const mayBeOwn = this.#backends.length > 1 ? 2 : 1;
    for (const backend of this.#backends) wrong.push(...backend.breaches(openLines, mayBeOwn));
    for (const { lines } of this.#allGames) for (const line of lines) wrong.push(...line.breaches);
    return wrong;
  }

  /** Heals the engine and lets all clocks run out; returns what is wrong then. */
  async aftermath(): Promise<string[]> {
    this.#moods.length = 0;
    await this.pass(AFTERMATH_MS);
    const wrong = this.breaches();
    for (const backend of this.#backends) wrong.push(...backend.verdict());
    for (const game of this.#games) wrong.push(...(await this.#speakAgain(game)));
    for (const game of this.#allGames) wrong.push(...this.#verdict(game));
    for (const [line, count] of this.#terminals) {
      if (count !== 0) wrong.push(`line ${line} of the sidecar: ${1 - count} terminals`);
    }
    return [...wrong, ...(await this.#farewell())];
  }

  #happen(move: Exclude<Move, { do: "pass" | "block" }>): void {
    switch (move.do) {
      case "cue":
        return void this.#game(move.game).cue(move);
      case "cancel":
        return this.#game(move.game).cancel(move.pick);
      case "register":
        return this.#game(move.game).register(move.room, move.character);
      case "forget":
        return this.#game(move.game).forget(move.room, move.character);
      case "moveOut":
        return this.#game(move.game).moveOut(move.room);
      case "restartGame":
        this.#game(move.game).close();
        return this.#startGame(move.game);
      case "cut":
        this.#disturb(0);
        return this.#dialled[move.game]?.at(-1)?.transport.abort();
      case "deafen": {
        this.#disturb(2 * HEARTBEAT_MS);
        const dialled = this.#dialled[move.game]?.at(-1);
        if (dialled) dialled.isDeaf = true;
        return;
      }
      case "stopReading":
        this.#disturb(move.forMs);
        return this.#stopReading(this.#dialled[move.game]?.at(-1), move.forMs);
      case "restartSidecar":
        this.#disturb(0);
        return this.#restart();
      case "drain":
        this.#disturb(0);
        for (const { connection } of this.#dialled.flat()) connection.drain();
        this.#sessions.closeDetached();
        return;
      case "refuse":
        this.#disturb(move.forMs);
        this.#refusesUntilMs = this.clock.nowMs() + move.forMs;
        return;
      case "mood":
        return void this.#moods.push(...Array.from({ length: move.times }, () => move.mood));
      default:
        return this.#backends[move.engine % this.#backends.length]?.strike(move);
    }
  }

  #stopReading(dialled: Dialled | undefined, forMs: number): void {
    if (!dialled || dialled.unread) return;
    dialled.unread = [];
    this.clock.schedule(forMs, () => {
      for (const bytes of dialled.unread ?? []) dialled.transport.send(bytes);
      dialled.unread = undefined;
    });
  }

  /** Killed, and another one starts in its place: no session is known, and nobody was told. */
  #restart(): void {
    this.#epoch++;
    for (const { connection, transport } of this.#dialled.flat()) {
      transport.abort();
      connection.lost();
    }
    this.#sessions.closeDetached();
  }

  /** Until a while after that, a game may be without a sidecar. */
  #disturb(forMs: number): void {
    const fromMs = this.clock.nowMs();
    this.#disturbances.push({ fromMs, toMs: fromMs + forMs + RECONNECTED_MS });
  }

  async #block(ms: number): Promise<void> {
    const { clock } = this;
    const fromMs = clock.nowMs();
    clock.block(ms);
    this.#blocks.push({ fromMs, toMs: clock.nowMs() });
    while ((clock.nextDueMs ?? Infinity) <= clock.nowMs()) {
      clock.turn();
      await settled();
    }
  }

  #game(index: number): VirtualGame {
    const game = this.#games[index];
    if (!game) throw new Error(`no game ${index}`);
    return game;
  }

  #startGame(index: number): void {
    const game = new VirtualGame(this.clock, this.#dial(index));
    this.#games[index] = game;
    this.#allGames.push(game);
  }

  #dial(game: number): OpenTransport {
    return memoryTransport({
      ...this.#options,
      clock: this.clock,
      accept: (transport) => {
        if (this.clock.nowMs() < this.#refusesUntilMs) {
          transport.abort();
          return { received: () => {}, lost: () => {} };
        }
        const before = (this.#dialled[game] ?? []).map(({ peer }) => peer);
        const dialled = this.#accept(game, transport);
        const { connection, peer } = dialled;
        return {
          received(bytes) {
            if (dialled.isDeaf) return;
            const message = decodeUp(bytes);
            if (message.kind === "resume") peer.adopt(message.lines, before);
            connection.receive(bytes, true);
          },
          lost: (_why, closeCode) => connection.lost(closeCode),
        };
      },
    });
  }

  #accept(game: number, transport: Transport): Dialled {
    const peer = new MemoryPeer();
    const connection = new Connection({
      socket: {
        send(bytes) {
          peer.send(bytes);
          if (dialled.unread) dialled.unread.push(Uint8Array.from(bytes));
          else if (!dialled.isDeaf) transport.send(bytes);
        },
        close(code, reason) {
          peer.close(code, reason);
          transport.close(code, reason);
        },
        get bufferedBytes() {
          const unread = dialled.unread ?? [];
          return unread.reduce((sum, { length }) => sum + length, transport.bufferedBytes);
        },
      },
      game: undefined,
      connection: ++this.#connections,
      sessions: this.#sessions,
      observe: (happening) => this.#observe(happening),
      clock: this.clock,
      ttftBudgetMs: 200,
      epoch: this.#epoch,
    });
    const dialled: Dialled = { connection, peer, transport, isDeaf: false, unread: undefined };
    this.#dialled[game]?.push(dialled);
    return dialled;
  }

  /** Each cue that the sidecar took is owed one terminal. */
  #observe(happening: Happening): void {
    const owe = (connection: number, line: number, change: number): void => {
      const key = `${connection}/${line}`;
      this.#terminals.set(key, (this.#terminals.get(key) ?? 0) + change);
    };
    if (happening.kind === "cueTaken") owe(happening.connection, happening.line, 1);
    if (happening.kind === "lineEnded") owe(happening.connection, happening.line, -1);
    // A line that is not known has no cue here.
    if (happening.kind === "errorSent" && happening.code === "unknown_line") return;
    if (happening.kind === "errorSent" && happening.line !== null) {
      owe(happening.connection, happening.line, -1);
    }
  }

  #reply(index: number): Reply {
    const mood = this.#moods.shift();
    if (mood !== undefined) return MOODS[mood];
    return saying("Stew, bread and whatever the cat 🐈 has left.", GAPS_MS[index % GAPS_MS.length]);
  }

  /** Faults leave nothing behind: a cue with time enough comes from the model. */
  async #speakAgain(game: VirtualGame): Promise<string[]> {
    const cue = { room: 0, candidates: ["mira"], priority: "reply", supersedes: false } as const;
    game.register(0, "mira");
    const line = game.cue({ ...cue, budgetMs: 2_000 });
    await this.pass(10_000);
    if (line.end?.source === "model" && line.end.reason === "complete") return [];
    return [`after it all a line came from ${line.end?.source}: ${line.end?.reason}`];
  }

  #verdict(game: VirtualGame): string[] {
    const wasBlocked = (fromMs: number, toMs: number): boolean =>
      this.#blocks.some((block) => block.fromMs < toMs && block.toMs > fromMs);
    const isNear = this.#options.upDelayMs + this.#options.downDelayMs <= NEAR_MS;
    const wasUndisturbed = ({ startedMs, budgetMs }: VirtualLine): boolean =>
      this.#disturbances.every(
        ({ fromMs, toMs }) => toMs < startedMs || fromMs > startedMs + budgetMs,
      );
    const wrong = game.lines.flatMap((line) =>
      line.verdict(isNear && wasUndisturbed(line), wasBlocked),
    );
    const expected = JSON.stringify(game.expectedHitRates);
    const told = JSON.stringify(game.client.hitRates);
    if (told !== expected) wrong.push(`hit rates ${told}, expected ${expected}`);
    if (game.client.openLines > 0) wrong.push(`${game.client.openLines} lines open at the client`);
    return wrong;
  }

  /** All go home; nothing may be left. */
  async #farewell(): Promise<string[]> {
    for (const game of this.#games) game.close();
    await this.pass(GOOD_BYE_MS);
    const wrong: string[] = [];
    const { openLines, rooms } = this.#sessions;
    if (openLines > 0) wrong.push("lines open at the sidecar");
    if (rooms > 0) wrong.push("rooms open at the sidecar");
    let isClosed = false;
    void this.#upstream.close().then(() => (isClosed = true));
    await this.pass(GOOD_BYE_MS);
    if (!isClosed) wrong.push("the endpoint does not close");
    if (this.clock.pending > 0) wrong.push(`${this.clock.pending} timers are left over`);
    for (const backend of this.#backends) wrong.push(...backend.leftovers());
    return [...wrong, ...this.breaches()];
  }
}
