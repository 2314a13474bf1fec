import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { MemoryGame } from "../testing/memory-game.ts";

const MIB = 1_048_576;
const LONG = "p".repeat(8_000);
/** Fewer than a MiB takes in any case, more than it takes if each is counted once. */
const MANY = 100;

function opened(memory: MemoryGame["memory"]): MemoryGame {
  const game = new MemoryGame();
  game.memory = memory;
  game.hello();
  game.send({ kind: "roomOpen", room: 1, worldKey: "tavern" });
  return game;
}

function registerMany(game: MemoryGame, persona = LONG): void {
  for (let index = 0; index < MANY; index++) game.register({ character: `c${index}`, persona });
}

function refusals(game: MemoryGame): string[] {
  return game.peer.all("error").map(({ code }) => code);
}

describe("what rooms and characters may weigh", () => {
  test("past it characters are refused, by an error that says what to do, and cost nothing", () => {
    const game = opened({ maxRegisteredMib: 1, maxRegisteredMibInAll: 9 });
    registerMany(game);
    const [first] = game.peer.all("error");
    expect(first).toMatchObject({ code: "too_many_characters", room: 1, line: null });
    expect(first?.message).toContain("raise --max-registered-mib");
    expect(game.sessions.registeredBytes).toBeGreaterThan(MIB - 20_000);
    expect(game.sessions.registeredBytes).toBeLessThanOrEqual(MIB);
    expect(game.upstream.kept.length).toBe(MANY - refusals(game).length);
    expect(game.peer.closed).toBeUndefined();
  });

  test("past it rooms are refused, and then it has room for one that is closed", () => {
    const game = opened({ maxRegisteredMib: 1, maxRegisteredMibInAll: 9 });
    for (let room = 2; room < 1_000; room++) {
      game.send({ kind: "roomOpen", room, worldKey: "w".repeat(128) });
    }
    expect(new Set(refusals(game))).toEqual(new Set(["too_many_rooms"]));
    const refused = refusals(game).length;
    game.send({ kind: "roomClose", room: 2 });
    game.send({ kind: "roomOpen", room: 999, worldKey: "w".repeat(128) });
    expect(refusals(game)).toHaveLength(refused);
  });

  test("one that is refused stays as it was, and may become smaller", () => {
    const game = opened({ maxRegisteredMib: 1, maxRegisteredMibInAll: 9 });
    game.register({ persona: "Mira as she was." });
    registerMany(game);
    game.register({ persona: LONG });
    expect(refusals(game).at(-1)).toBe("too_many_characters");
    game.cue(1);
    expect(game.upstream.last.prompt).toContain("Mira as she was.");
    const refused = refusals(game).length;
    game.register({ character: "c0", persona: "short" });
    expect(refusals(game)).toHaveLength(refused);
    game.register({ persona: LONG });
    expect(refusals(game)).toHaveLength(refused);
  });

  test("all connections share the greater one, lost ones that may come back with them", () => {
    const game = opened({ maxRegisteredMib: 9, maxRegisteredMibInAll: 1 });
    game.connection.lost();
    game.reconnect();
    game.hello({ capabilities: ["resume"] });
    game.send({ kind: "roomOpen", room: 1, worldKey: "tavern" });
    registerMany(game);
    game.connection.lost();
    expect(game.sessions.detached).toBe(1);
    game.reconnect();
    game.hello();
    game.send({ kind: "roomOpen", room: 1, worldKey: "tavern" });
    game.register({ persona: LONG });
    expect(game.peer.all("error").at(-1)?.message).toContain("--max-registered-mib-in-all");
    game.clock.advance(5_000);
    game.register({ persona: LONG });
    expect(refusals(game)).toHaveLength(1);
  });

  test("a card's persona counts, for each prompt begins with a copy of it", () => {
    const game = opened({ maxRegisteredMib: 9, maxRegisteredMibInAll: 9 });
    registerMany(game, "short");
    const before = game.sessions.registeredBytes;
    const card = { id: "c1", name: "C", persona: LONG, fallbacks: ["…"], closers: undefined };
    game.cards = new Map([["c1", card]]);
    game.sessions.recast();
    expect(game.sessions.registeredBytes).toBe(before + LONG.length - "short".length);
  });

  test("whatever comes and goes, nothing is left of it at the end", () => {
    const step = fc.record({
      do: fc.constantFrom("open", "close", "register", "forget", "lose"),
      room: fc.integer({ min: 1, max: 3 }),
      character: fc.constantFrom("mira", "bram"),
      persona: fc.constantFrom("short", LONG),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const game = opened({ maxRegisteredMib: 1, maxRegisteredMibInAll: 1 });
        for (const { do: what, room, character, persona } of steps) {
          if (what === "open") game.send({ kind: "roomOpen", room, worldKey: persona.slice(0, 9) });
          else if (what === "close") game.send({ kind: "roomClose", room });
          else if (what === "register") game.register({ room, character, persona });
          else if (what === "forget") game.send({ kind: "characterForget", room, character });
          else {
            game.connection.lost();
            game.reconnect();
            game.hello({ capabilities: ["resume"] });
          }
        }
        game.connection.lost();
        game.clock.advance(5_000);
        expect(game.sessions.registeredBytes).toBe(0);
      }),
    );
  });
});
