import { beforeEach, describe, expect, test } from "vitest";
import { MAX_TOKEN_GAP_MS } from "./config.ts";
import type { Happening } from "./happening.ts";
import { MemoryGame } from "./testing/memory-game.ts";

const LINE = 1;

let game: MemoryGame;

beforeEach(() => {
  game = MemoryGame.inRoom();
});

function told<K extends Happening["kind"]>(kind: K): Extract<Happening, { kind: K }>[] {
  return game.happenings.filter((one): one is Extract<Happening, { kind: K }> => one.kind === kind);
}

describe("a line's end", () => {
  test("is told with its source, its tokens and its times", () => {
    game.cue(LINE);
    game.clock.advance(10);
    game.upstream.last.grant();
    game.clock.advance(90);
    game.upstream.last.text("");
    game.upstream.last.text("Well");
    game.upstream.last.text(" met");
    game.upstream.last.done();
    expect(told("lineEnded")).toEqual([
      expect.objectContaining({
        connection: 1,
        room: 1,
        line: LINE,
        character: "mira",
        priority: "reply",
        source: "model",
        reason: "complete",
        ttftMs: 100,
        queuedMs: 10,
        tokens: 3,
      }),
    ]);
  });

  test("is told without a time to first token where nothing was visible", () => {
    game.cue(LINE);
    game.send({ kind: "cancel", line: LINE });
    expect(told("lineEnded")).toMatchObject([{ source: "none", ttftMs: undefined }]);
  });

  test("is told without a wait where the model was not asked", () => {
    game.upstream.becomeUnavailable();
    game.cue(LINE);
    expect(told("lineEnded")).toMatchObject([{ source: "fallback", queuedMs: undefined }]);
    expect(told("modelAsked")).toEqual([]);
  });
});

describe("a generation that is given up", () => {
  test.each<[string, () => void]>([
    ["cancelled", () => game.send({ kind: "cancel", line: LINE })],
    ["superseded", () => game.cue(3, { supersedes: LINE })],
    ["budget", () => game.clock.advance(1_000)],
    ["stopping", () => game.connection.drain()],
  ])("is told with why: %s", (reason, giveUp) => {
    game.cue(LINE);
    game.upstream.last.grant();
    giveUp();
    expect(told("generationCancelled")).toMatchObject([{ line: LINE, reason }]);
  });

  test("is told with why: stalled", () => {
    game.cue(LINE);
    game.upstream.last.grant();
    game.upstream.last.text("Well");
    game.clock.advance(MAX_TOKEN_GAP_MS);
    expect(told("generationCancelled")).toMatchObject([{ line: LINE, reason: "stalled" }]);
  });

  test("is none that was still waiting for a slot, or had ended", () => {
    game.cue(LINE);
    game.send({ kind: "cancel", line: LINE });
    game.cue(3);
    game.upstream.last.grant();
    game.upstream.last.text("Well");
    game.upstream.last.done();
    game.send({ kind: "cancel", line: 3 });
    expect(told("generationCancelled")).toEqual([]);
  });
});

describe("a cue", () => {
  test("is told before it is refused", () => {
    game.cue(LINE, { room: 9 });
    const kinds = game.happenings.map(({ kind }) => kind);
    expect(kinds.indexOf("cueTaken")).toBeLessThan(kinds.indexOf("errorSent"));
    expect(told("errorSent")).toMatchObject([{ code: "unknown_room", line: LINE }]);
  });

  test("that names an open line is no new one", () => {
    game.cue(LINE);
    game.cue(LINE);
    expect(told("cueTaken")).toHaveLength(1);
    expect(told("errorSent")).toMatchObject([{ code: "line_exists", line: null }]);
  });
});

test("nothing is told per token", () => {
  game.cue(LINE);
  game.upstream.last.grant();
  game.upstream.last.text("Well");
  const before = game.happenings.length;
  for (let token = 0; token < 100; token++) game.upstream.last.text(" met");
  expect(game.happenings).toHaveLength(before);
});

test("a connection's end is told after the ends of its lines, once", () => {
  game.cue(LINE);
  game.connection.lost();
  game.connection.lost();
  const kinds = game.happenings.map(({ kind }) => kind);
  expect(kinds.slice(-4)).toEqual(["lineEnded", "roomClosed", "sessionEnded", "connectionClosed"]);
  expect(told("connectionClosed")).toMatchObject([{ connection: 1, code: "lost" }]);
});
