import type { Cue } from "@banterwire/protocol";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Card } from "./config/card.ts";
import { DEFAULT_CONFIG } from "./config.ts";
import { MemoryGame } from "./testing/memory-game.ts";

function errors(game: MemoryGame): unknown[] {
  return game.peer.all("error").map(({ code, room, line }) => ({ code, room, line }));
}

describe("a cue that cannot be answered", () => {
  test.each<[string, Partial<Cue>, string]>([
    ["a room that is not open", { room: 9 }, "unknown_room"],
    ["characters that nobody registered", { candidates: [["nobody", 1, 0]] }, "unknown_character"],
  ])("names %s and ends by an error that names the line", (_what, cue, code) => {
    const game = MemoryGame.inRoom();
    game.cue(1, cue);
    expect(game.peer.line(1)).toMatchObject({ terminals: 1, error: code });
    expect(game.peer.closed).toBeUndefined();
    expect(game.upstream.asked).toEqual([]);
  });

  test("with the id of an open line is refused without ending that line", () => {
    const game = MemoryGame.inRoom();
    game.cue(1);
    game.cue(1);
    expect(errors(game)).toEqual([{ code: "line_exists", room: 1, line: null }]);
    game.upstream.last.grant();
    game.upstream.last.text("Well");
    game.upstream.last.done();
    expect(game.peer.line(1)).toMatchObject({ text: "Well", terminals: 1 });
  });

  test("names a character that was forgotten", () => {
    const game = MemoryGame.inRoom();
    game.send({ kind: "characterForget", room: 1, character: "mira" });
    game.cue(1);
    expect(game.peer.line(1).error).toBe("unknown_character");
  });
});

describe("the speaker", () => {
  test("is the nearest candidate that is registered, and line begin names it", () => {
    const game = MemoryGame.inRoom();
    game.cue(1, {
      candidates: [
        ["mira", 300, 0],
        ["ghost", 1, 0],
        ["bram", 200, 0],
      ],
    });
    game.clock.advance(200);
    expect(game.peer.line(1)).toMatchObject({ character: "bram", text: "Hrm." });
  });

  test("registered anew speaks as it is now", () => {
    const game = MemoryGame.inRoom();
    game.register({ fallbacks: ["Changed."], persona: "You are somebody else." });
    game.cue(1);
    expect(game.upstream.last.prompt).toContain("somebody else");
    game.clock.advance(200);
    expect(game.peer.line(1).text).toBe("Changed.");
  });

  test("gives its authored lines in turn", () => {
    const game = MemoryGame.inRoom();
    for (const line of [1, 3, 5]) {
      game.cue(line);
      game.clock.advance(200);
    }
    const texts = [1, 3, 5].map((line) => game.peer.line(line).text);
    expect(texts).toEqual(["One moment.", "Busy, love.", "One moment."]);
  });
});

describe("prefixes", () => {
  test("are kept warm from register to forget, and for the newest persona only", () => {
    const game = new MemoryGame();
    game.hello();
    game.send({ kind: "roomOpen", room: 1, worldKey: "tavern" });
    game.register({ persona: "first" });
    game.register({ persona: "second" });
    expect(game.upstream.kept).toEqual(["second"]);
    game.send({ kind: "characterForget", room: 1, character: "mira" });
    expect(game.upstream.kept).toEqual([]);
  });
});

const card = (persona: string, fallback: string): Card => ({
  id: "mira",
  name: "Mira",
  persona,
  fallbacks: [fallback],
  closers: undefined,
});

function recast(game: MemoryGame, ...cards: readonly Card[]): void {
  game.cards = new Map(cards.map((one) => [one.id, one]));
  game.sessions.recast();
}

describe("cards", () => {
  test("replace what rooms registered before and after, for lines that begin from then on", () => {
    const game = MemoryGame.inRoom();
    game.cue(1);
    recast(game, card("You are grim.", "Grimly."));
    game.cue(3);
    expect(game.upstream.last.prompt).toContain("You are grim.");
    game.clock.advance(200);
    expect(game.peer.line(1).text).toBe("One moment.");
    expect(game.peer.line(3).text).toBe("Grimly.");
    game.register({ persona: "You are merry." });
    game.cue(5);
    expect(game.upstream.last.prompt).toContain("You are grim.");
    game.clock.advance(200);
  });

  test("that go leave what the room had registered", () => {
    const game = MemoryGame.inRoom();
    recast(game, card("You are grim.", "Grimly."));
    recast(game);
    game.cue(1);
    expect(game.upstream.last.prompt).toContain("You are Mira, who keeps the bar.");
    game.clock.advance(200);
    expect(game.peer.line(1).text).toBe("One moment.");
  });

  test("have the prefixes of their personas kept warm in place of the room's", () => {
    const game = MemoryGame.inRoom();
    const before = [...game.upstream.kept];
    recast(game, card("You are grim.", "Grimly."));
    expect(game.upstream.kept).toHaveLength(before.length);
    expect(game.upstream.kept).toContain("You are grim.");
    recast(game);
    expect(game.upstream.kept.toSorted()).toEqual(before.toSorted());
  });

  test("that are the same again change nothing: authored lines go on in turn", () => {
    const game = MemoryGame.inRoom();
    const twoFallbacks = { ...card("You are grim.", "One."), fallbacks: ["One.", "Two."] };
    recast(game, twoFallbacks);
    game.cue(1);
    game.clock.advance(200);
    recast(game, structuredClone(twoFallbacks));
    game.cue(3);
    game.clock.advance(200);
    expect([1, 3].map((line) => game.peer.line(line).text)).toEqual(["One.", "Two."]);
  });
});

describe("a room", () => {
  test("that closes ends its lines as cancelled and cools its characters", () => {
    const game = MemoryGame.inRoom();
    game.cue(1);
    game.cue(3);
    game.send({ kind: "roomClose", room: 1 });
    expect(game.peer.line(1).end).toMatchObject({ source: "none", reason: "cancelled" });
    expect(game.peer.line(3).end).toMatchObject({ source: "none", reason: "cancelled" });
    expect(game.upstream.asked.every(({ isAborted }) => isAborted)).toBe(true);
    expect(game.upstream.kept).toEqual([]);
  });

  test("leaves the lines of other rooms alone when it closes", () => {
    const game = MemoryGame.inRoom();
    game.send({ kind: "roomOpen", room: 2, worldKey: "cellar" });
    game.register({ room: 2 });
    game.cue(1);
    game.cue(3, { room: 2 });
    game.send({ kind: "roomClose", room: 1 });
    expect(game.peer.line(3).terminals).toBe(0);
  });

  test("cannot be opened twice, nor closed twice", () => {
    const game = MemoryGame.inRoom();
    game.send({ kind: "roomOpen", room: 1, worldKey: "tavern" });
    game.send({ kind: "roomClose", room: 1 });
    game.send({ kind: "roomClose", room: 1 });
    expect(errors(game)).toEqual([
      { code: "room_exists", room: 1, line: null },
      { code: "unknown_room", room: 1, line: null },
    ]);
  });

  test("a forgotten character's lines end as cancelled", () => {
    const game = MemoryGame.inRoom();
    game.cue(1);
    game.cue(3, { candidates: [["bram", 1, 0]] });
    game.send({ kind: "characterForget", room: 1, character: "mira" });
    expect(game.peer.line(1).end).toMatchObject({ reason: "cancelled" });
    expect(game.peer.line(3).terminals).toBe(0);
  });
});

describe("limits", () => {
  test("as many rooms as welcome says, and one is too many", () => {
    const game = new MemoryGame();
    game.hello();
    for (let room = 0; room <= DEFAULT_CONFIG.maxRooms; room++) {
      game.send({ kind: "roomOpen", room, worldKey: `room ${room}` });
    }
    expect(errors(game)).toEqual([
      { code: "too_many_rooms", room: DEFAULT_CONFIG.maxRooms, line: null },
    ]);
  });

  test("as many characters in a room as welcome says, known ones not counted again", () => {
    const game = MemoryGame.inRoom();
    const { maxCharactersPerRoom } = DEFAULT_CONFIG;
    for (let index = 2; index < maxCharactersPerRoom; index++) {
      game.register({ character: `extra ${index}` });
    }
    game.register({ character: "mira", name: "Mira" });
    expect(errors(game)).toEqual([]);
    game.register({ character: "one too many" });
    expect(errors(game)).toEqual([{ code: "too_many_characters", room: 1, line: null }]);
  });

  test("as many open lines in a room as welcome says; the next names itself and ends nothing", () => {
    const game = MemoryGame.inRoom();
    const { maxLinesPerRoom } = DEFAULT_CONFIG;
    for (let index = 0; index <= maxLinesPerRoom; index++) {
      game.clock.advance(100);
      game.cue(2 * index + 1, { remainingMs: 60_000 });
      game.send({ kind: "ping", nonce: index });
    }
    expect(errors(game)).toEqual([
      { code: "too_many_lines", room: 1, line: 2 * maxLinesPerRoom + 1 },
    ]);
    expect(game.sessions.openLines).toBe(maxLinesPerRoom);
  });

  test("a room's cues beyond its rate are refused, and welcome again later", () => {
    const game = MemoryGame.inRoom();
    const { maxCuesPerSecondPerRoom } = DEFAULT_CONFIG;
    for (let index = 0; index <= maxCuesPerSecondPerRoom; index++) {
      game.cue(2 * index + 1);
      game.send({ kind: "cancel", line: 2 * index + 1 });
    }
    const excess = 2 * maxCuesPerSecondPerRoom + 1;
    expect(errors(game)).toEqual([{ code: "cue_rate_room", room: 1, line: excess }]);
    game.clock.advance(1_000);
    game.cue(excess + 2);
    expect(game.peer.line(excess + 2).error).toBeUndefined();
  });

  test("a game's cues beyond its rate are refused whatever room they come from", () => {
    const game = new MemoryGame(2);
    game.hello();
    for (const room of [1, 2, 3]) {
      game.send({ kind: "roomOpen", room, worldKey: `room ${room}` });
      game.register({ room });
      game.cue(2 * room - 1, { room });
    }
    expect(errors(game)).toEqual([{ code: "cue_rate_game", room: 3, line: 5 }]);
  });
});

describe("what this sidecar does not do", () => {
  test("scenes and resumed sessions are refused, reports are taken", () => {
    const game = MemoryGame.inRoom();
    game.send({
      kind: "sceneStart",
      room: 1,
      scene: 4,
      characters: ["mira", "bram"],
      topic: "ale",
      context: [],
      maxLines: 4,
    });
    game.send({ kind: "resume", lines: [], more: false });
    game.send({ kind: "sceneStop", scene: 4 });
    game.send({ kind: "heard", line: 1, player: "p1", offset: 3 });
    expect(game.peer.all("error")).toMatchObject([
      { code: "unsupported", scene: 4 },
      { code: "unsupported", scene: null },
    ]);
    expect(game.peer.closed).toBeUndefined();
  });
});

/** What can happen to a game, by chance; small numbers, so that things meet. */
const lineId = fc.integer({ min: 0, max: 7 }).map((index) => 2 * index + 1);
/** Counted from the newest. */
const generation = fc.nat({ max: 2 });
const text = fc.constantFrom(
  "",
  " ",
  "Well",
  " met 🐻",
  "👩‍👩‍👧",
  "\n\n",
  "x".repeat(5_000),
  "🐻".repeat(2_000),
  "\ud83d",
  "\udc3b",
);
const step = fc.oneof(
  fc.record({ do: fc.constant("cue" as const), line: lineId, remainingMs: fc.nat({ max: 300 }) }),
  fc.record({ do: fc.constant("supersede" as const), line: lineId, older: lineId }),
  fc.record({ do: fc.constant("cancel" as const), line: lineId }),
  fc.record({ do: fc.constant("grant" as const), generation }),
  fc.record({ do: fc.constant("text" as const), generation, text }),
  fc.record({ do: fc.constant("text" as const), generation, text }),
  fc.record({ do: fc.constant("done" as const), generation }),
  fc.record({ do: fc.constant("fail" as const), generation }),
  fc.record({ do: fc.constant("advance" as const), ms: fc.nat({ max: 3_000 }) }),
  fc.record({ do: fc.constant("turn" as const) }),
  fc.record({ do: fc.constant("reopen" as const) }),
  fc.record({ do: fc.constant("register" as const) }),
);
type ChanceStep = typeof step extends fc.Arbitrary<infer T> ? T : never;

/** A game that takes steps, and knows which lines it is owed a terminal message for. */
class ChanceGame {
  readonly game = MemoryGame.inRoom();
  readonly #over = new Set<unknown>();
  readonly #asked = new Set<number>();

  async take(step: ChanceStep): Promise<void> {
    const { game } = this;
    switch (step.do) {
      case "cue":
        return this.#cue(step.line, { remainingMs: step.remainingMs });
      case "supersede":
        return this.#cue(step.line, { supersedes: step.older });
      case "cancel":
        return game.send({ kind: "cancel", line: step.line });
      case "advance":
        game.send({ kind: "ping", nonce: 0 });
        return game.clock.advance(step.ms);
      case "turn":
        return game.flushed();
      case "reopen":
        game.send({ kind: "roomClose", room: 1 });
        game.send({ kind: "roomOpen", room: 1, worldKey: "tavern" });
        return game.register();
      case "register":
        return game.register();
      default:
        return this.#generate(step);
    }
  }

  /** Every line that was asked for, with what came of it. */
  get lines(): { readonly line: number; readonly terminals: number }[] {
    return Array.from(this.#asked, (line) => ({
      line,
      terminals: this.game.peer.line(line).terminals,
    }));
  }

  #cue(line: number, cue: { remainingMs?: number; supersedes?: number }): void {
    // Ids are used once: a second line of the same id would be another line.
    if (this.#asked.has(line)) return;
    this.#asked.add(line);
    this.game.cue(line, cue);
  }

  /** An upstream's events come in its order: granted, text, then one end. */
  #generate(step: Extract<ChanceStep, { generation: number }>): void {
    const generation = this.game.upstream.asked.at(-1 - step.generation);
    if (!generation || this.#over.has(generation)) return;
    if (step.do === "grant") return generation.grant();
    if (step.do === "text") return generation.text(step.text);
    this.#over.add(generation);
    if (step.do === "done") generation.done();
    else generation.fail();
  }
}

describe("whatever happens", () => {
  test("every cue gets one terminal message, nothing follows it, offsets are contiguous, nothing is left", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
        const chance = new ChanceGame();
        const { game } = chance;
        for (const step of steps) await chance.take(step);
        for (let seconds = 0; seconds < 120; seconds++) {
          game.send({ kind: "ping", nonce: 0 });
          game.clock.advance(1_000);
        }
        game.flushed();
        expect(game.peer.breaches).toEqual([]);
        expect(chance.lines.filter(({ terminals }) => terminals !== 1)).toEqual([]);
        expect(game.sessions.openLines).toBe(0);
        expect(game.peer.closed).toBeUndefined();
        game.connection.lost();
        expect(game.clock.pending).toBe(0);
      }),
      { numRuns: 300 },
    );
  });
});
