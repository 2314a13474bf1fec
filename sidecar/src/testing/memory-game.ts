import { type CharacterRegister, type Cue, encode, type Up } from "@banterwire/protocol";
import { FakeClock } from "@banterwire/protocol/testing";
import { type Cards, NO_CARDS } from "../config/card.ts";
import { DEFAULT_CONFIG, limitsOf } from "../config.ts";
import { Connection } from "../connection.ts";
import type { Happening } from "../happening.ts";
import { RateLimit } from "../policy/rate.ts";
import { HandUpstream } from "./hand-upstream.ts";
import { COALESCE_MS } from "../outbox.ts";
import { MemoryPeer } from "./memory-peer.ts";

/** A game with one connection to a sidecar, both in memory, time and engine in the test's hand. */
export class MemoryGame {
  readonly clock = new FakeClock();
  readonly upstream = new HandUpstream();
  readonly peer = new MemoryPeer();
  readonly connection: Connection;
  /** The cards of the moment; tell the connection to recast after a change. */
  cards: Cards = NO_CARDS;
  /** What the sidecar's observers were told. */
  readonly happenings: Happening[] = [];

  constructor(cuesPerSecondPerGame = 10_000) {
    this.connection = new Connection({
      socket: this.peer,
      connection: 1,
      observe: (happening) => this.happenings.push(happening),
      clock: this.clock,
      upstream: this.upstream,
      limits: limitsOf(DEFAULT_CONFIG),
      cards: () => this.cards,
      ttftBudgetMs: 200,
      epoch: 7,
      gameRate: new RateLimit(cuesPerSecondPerGame, 0),
    });
  }

  /** One that has said hello, opened room 1 and registered Mira and Bram in it. */
  static inRoom(): MemoryGame {
    const game = new MemoryGame();
    game.hello();
    game.send({ kind: "roomOpen", room: 1, worldKey: "tavern" });
    game.register({ character: "mira", name: "Mira" });
    game.register({ character: "bram", name: "Bram", fallbacks: ["Hrm."] });
    return game;
  }

  hello(): void {
    this.send({ kind: "hello", minor: 0, capabilities: [], client: "a test", session: null });
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
    this.connection.receive(encode(message), true);
  }

  /** Later text leaves together, when it has waited for more. */
  flushed(): void {
    this.clock.advance(COALESCE_MS);
  }
}
