import {
  type CharacterRegister,
  type Cue,
  encode,
  type Hello,
  type Up,
} from "@banterwire/protocol";
import { FakeClock } from "@banterwire/protocol/testing";
import { type Cards, NO_CARDS } from "../config/card.ts";
import { DEFAULT_CONFIG, limitsOf } from "../config.ts";
import { Connection } from "../connection.ts";
import type { Happening } from "../happening.ts";
import { RateLimit } from "../policy/rate.ts";
import type { AllowanceKey } from "../session/allowance.ts";
import { SessionTable } from "../session/session-table.ts";
import { HandUpstream } from "./hand-upstream.ts";
import { COALESCE_MS } from "../outbox.ts";
import { MemoryPeer } from "./memory-peer.ts";

/** A game with one connection to a sidecar, both in memory, time and engine in the test's hand. */
export class MemoryGame {
  readonly clock = new FakeClock();
  readonly upstream = new HandUpstream();
  readonly sessions: SessionTable;
  /** The connection of the moment, and what came by it. */
  peer = new MemoryPeer();
  connection: Connection;
  /** The cards of the moment; tell the sessions to recast after a change. */
  cards: Cards = NO_CARDS;
  /** What rooms and characters may weigh; that of one session from the next hello on. */
  memory: Pick<typeof DEFAULT_CONFIG, AllowanceKey> = DEFAULT_CONFIG;
  /** What the sidecar's observers were told. */
  readonly happenings: Happening[] = [];

  /** What came by the connections before. */
  readonly #before: MemoryPeer[] = [];
  #connections = 0;

  constructor(cuesPerSecondPerGame = 10_000) {
    this.sessions = new SessionTable({
      observe: (happening) => this.happenings.push(happening),
      clock: this.clock,
      upstream: this.upstream,
      cards: () => this.cards,
      gameRate: new RateLimit(cuesPerSecondPerGame, 0),
      limits: () => limitsOf(DEFAULT_CONFIG),
      memory: () => this.memory,
      resumeWindowMs: () => DEFAULT_CONFIG.resumeWindowMs,
      maxDetached: () => 2,
    });
    this.connection = this.#connect(undefined);
  }

  /** One that has said hello, opened room 1 and registered Mira and Bram in it. */
  static inRoom(capabilities: string[] = []): MemoryGame {
    const game = new MemoryGame();
    game.hello({ capabilities });
    game.send({ kind: "roomOpen", room: 1, worldKey: "tavern" });
    game.register({ character: "mira", name: "Mira" });
    game.register({ character: "bram", name: "Bram", fallbacks: ["Hrm."] });
    return game;
  }

  hello(resume: Partial<Pick<Hello, "capabilities" | "session">> = {}): void {
    const nobody = { capabilities: [], session: null };
    this.send({ kind: "hello", minor: 0, client: "a test", ...nobody, ...resume });
  }

  /** Connects anew; the connection before is lost only if the test says so. */
  reconnect(game?: string): void {
    this.#before.push(this.peer);
    this.peer = new MemoryPeer();
    this.connection = this.#connect(game);
  }

  register(character: Partial<CharacterRegister> = {}): void {
    this.send({
      kind: "characterRegister",
      room: 1,
      character: "mira",
      name: "Mira",
      persona: "You are Mira, who keeps the bar.",
      fallbacks: ["One moment.", "Busy, love."],
      closers: ["But I talk too much."],
      ...character,
    });
  }

  cue(line: number, cue: Partial<Cue> = {}): void {
    this.send({
      kind: "cue",
      room: 1,
      line,
      candidates: [["mira", 100, 0]],
      remainingMs: 180,
      priority: "reply",
      player: ["p1", "Ana"],
      said: "Hello!",
      event: null,
      context: [],
      supersedes: null,
      ...cue,
    });
  }

  send(message: Up): void {
    if (message.kind === "resume") this.peer.adopt(message.lines, this.#before);
    this.connection.receive(encode(message), true);
  }

  #connect(game: string | undefined): Connection {
    return new Connection({
      socket: this.peer,
      game,
      connection: ++this.#connections,
      sessions: this.sessions,
      observe: (happening) => this.happenings.push(happening),
      clock: this.clock,
      ttftBudgetMs: 200,
      epoch: 7,
    });
  }

  /** Later text leaves together, when it has waited for more. */
  flushed(): void {
    this.clock.advance(COALESCE_MS);
  }
}
