import { countCodePoints, LIMITS, type LineEnd } from "@banterwire/protocol";
import { beforeEach, describe, expect, test } from "vitest";
import { MAX_LINE_MS, MAX_TOKEN_GAP_MS } from "./config.ts";
import { MemoryGame } from "./testing/memory-game.ts";
import { TOO_LATE } from "./upstream/upstream.ts";

const LINE = 1;

let game: MemoryGame;

beforeEach(() => {
  game = MemoryGame.inRoom();
});

function kindsOfLine(): string[] {
  return game.peer.messages.map(({ kind }) => kind).filter((kind) => /line|delta/u.test(kind));
}

/** The end of the line, which must be its only one, with nothing after it and no breach before. */
function ended(): LineEnd | undefined {
  const { terminals, end } = game.peer.line(LINE);
  if (terminals !== 1) throw new Error(`${terminals} terminal messages`);
  if (game.peer.breaches.length > 0) throw new Error(game.peer.breaches.join("; "));
  return end;
}

describe("a model in time", () => {
  test("is the line's source, and its words are the line's text", async () => {
    game.cue(LINE);
    game.upstream.last.grant();
    game.clock.advance(100);
    for (const token of [" Well", " met", ", 🐻", "!"]) game.upstream.last.text(token);
    game.flushed();
    game.upstream.last.done();
    expect(game.peer.line(LINE)).toMatchObject({ character: "mira", text: "Well met, 🐻!" });
    expect(ended()).toMatchObject({ source: "model", reason: "complete", length: 12 });
  });

  test("has its first text sent at once, and later text of a loop turn together", async () => {
    game.cue(LINE);
    game.upstream.last.grant();
    game.upstream.last.text("One");
    expect(game.peer.line(LINE).text).toBe("One");
    game.upstream.last.text(" two");
    game.upstream.last.text(" three");
    expect(game.peer.line(LINE).text).toBe("One");
    game.flushed();
    expect(game.peer.all("delta").map(({ parts }) => parts)).toEqual([
      [[LINE, 0, "One"]],
      [[LINE, 3, " two three"]],
    ]);
    game.upstream.last.done();
  });

  test("is not late because its text comes on after the deadline", () => {
    game.cue(LINE);
    game.upstream.last.grant();
    game.clock.advance(100);
    game.upstream.last.text("Well");
    game.clock.advance(1_000);
    game.upstream.last.text(" met");
    game.upstream.last.done();
    expect(game.peer.line(LINE).text).toBe("Well met");
    expect(ended()).toMatchObject({ source: "model", reason: "complete" });
  });

  test("that stops at its token limit ends the line with the reason length", () => {
    game.cue(LINE);
    game.upstream.last.grant();
    game.upstream.last.text("Well");
    game.upstream.last.done({ stoppedBy: "length" });
    expect(ended()).toMatchObject({ source: "model", reason: "length" });
  });

  test("is cut at the longest line that a client takes, however long one token is", () => {
    game.cue(LINE);
    game.upstream.last.grant();
    game.upstream.last.text("Well, ");
    game.upstream.last.text("🐻".repeat(20_000));
    expect(game.upstream.last.isAborted).toBe(true);
    expect(countCodePoints(game.peer.line(LINE).text)).toBe(LIMITS.MAX_LINE_CODE_POINTS);
    expect(ended()).toMatchObject({
      source: "model",
      reason: "length",
      length: LIMITS.MAX_LINE_CODE_POINTS,
    });
  });
});

describe("a model that misses the deadline", () => {
  test("is cancelled, and one authored line is sent whole", () => {
    game.cue(LINE, { remainingMs: 180 });
    game.upstream.last.grant();
    game.clock.advance(180);
    expect(game.upstream.last.isAborted).toBe(true);
    expect(kindsOfLine()).toEqual(["lineBegin", "delta", "lineEnd"]);
    expect(game.peer.line(LINE).text).toBe("One moment.");
    expect(ended()).toMatchObject({ source: "fallback", reason: "budget" });
  });

  test("has the whole remaining time but the guard, to the millisecond", () => {
    game.cue(LINE, { remainingMs: 180 });
    game.clock.advance(174);
    expect(kindsOfLine()).toEqual([]);
    game.clock.advance(1);
    expect(kindsOfLine()).toEqual(["lineBegin", "delta", "lineEnd"]);
  });

  test.each([
    ["with empty tokens only", ["", "", " ", "\n"]],
    ["with nothing at all", []],
  ])("%s has said nothing visible", (_what, tokens) => {
    game.cue(LINE);
    game.upstream.last.grant();
    for (const token of tokens) game.upstream.last.text(token);
    game.clock.advance(200);
    expect(ended()).toMatchObject({ source: "fallback", reason: "budget" });
  });

  test("tells the endpoint that it was too late, and not where the room gave up", () => {
    game.cue(LINE);
    game.cue(3);
    const [late, cancelled] = game.upstream.asked;
    game.send({ kind: "cancel", line: 3 });
    game.clock.advance(200);
    expect(late?.wish.signal.reason).toBe(TOO_LATE);
    expect(cancelled?.wish.signal.reason).toBe("cancelled");
    expect(ended()).toMatchObject({ reason: "budget" });
  });
});

describe("a model that fails", () => {
  test("before any text is replaced by an authored line", () => {
    game.cue(LINE);
    game.upstream.last.grant();
    game.upstream.last.fail();
    expect(game.peer.line(LINE).text).toBe("One moment.");
    expect(ended()).toMatchObject({ source: "fallback", reason: "upstream" });
  });

  test("by ending without a word is replaced by an authored line", () => {
    game.cue(LINE);
    game.upstream.last.grant();
    game.upstream.last.text(" ");
    game.upstream.last.done();
    expect(ended()).toMatchObject({ source: "fallback", reason: "upstream" });
  });

  test("after its first words ends in character, and never by another source", () => {
    game.cue(LINE);
    game.upstream.last.grant();
    game.upstream.last.text("Well");
    game.upstream.last.text(" met…");
    game.upstream.last.fail();
    expect(game.peer.line(LINE).text).toBe("Well met…But I talk too much.");
    expect(ended()).toMatchObject({ source: "model", reason: "truncated" });
  });

  test("by standing still in the middle is cancelled and ends in character", () => {
    game.cue(LINE);
    game.upstream.last.grant();
    game.upstream.last.text("Well");
    game.clock.advance(MAX_TOKEN_GAP_MS - 1);
    game.upstream.last.text(" met");
    game.clock.advance(MAX_TOKEN_GAP_MS - 1);
    expect(game.peer.line(LINE).end).toBeUndefined();
    game.clock.advance(1);
    expect(game.upstream.last.isAborted).toBe(true);
    expect(ended()).toMatchObject({ source: "model", reason: "truncated" });
  });

  test("by going on for ever is cancelled and ends in character", () => {
    game.cue(LINE);
    game.upstream.last.grant();
    for (let ms = 0; ms <= MAX_LINE_MS; ms += 1_000) {
      game.upstream.last.text(" and");
      game.send({ kind: "ping", nonce: ms });
      game.clock.advance(1_000);
    }
    expect(game.upstream.last.isAborted).toBe(true);
    expect(ended()).toMatchObject({ source: "model", reason: "truncated" });
  });

  test("in a character without closers still ends with something visible", () => {
    game.register({ closers: [] });
    game.cue(LINE);
    game.upstream.last.grant();
    game.upstream.last.text("Well");
    game.upstream.last.fail();
    expect(game.peer.line(LINE).text).toBe("Well…");
  });
});

describe("an upstream that cannot serve", () => {
  test("is not asked while it is unavailable", () => {
    game.upstream.becomeUnavailable();
    game.cue(LINE);
    expect(game.upstream.asked).toEqual([]);
    expect(ended()).toMatchObject({ source: "fallback", reason: "upstream" });
  });

  test("sheds a cue for which it has no place", () => {
    game.upstream.refuseFromNowOn();
    game.cue(LINE);
    expect(ended()).toMatchObject({ source: "fallback", reason: "shed" });
  });
});

describe("ambience", () => {
  test("that cannot have a slot says nothing", () => {
    game.upstream.refuseFromNowOn();
    game.cue(LINE, { priority: "ambient" });
    expect(kindsOfLine()).toEqual(["lineEnd"]);
    expect(ended()).toMatchObject({ source: "none", reason: "shed", length: 0 });
  });

  test("whose slot a cue needs says nothing, and leaves the slot", () => {
    game.cue(LINE, { priority: "ambient" });
    game.upstream.last.grant();
    game.upstream.last.preempt();
    expect(game.upstream.last.isAborted).toBe(true);
    expect(ended()).toMatchObject({ source: "none", reason: "shed" });
  });

  test("whose slot a cue needs ends in character once it has begun", () => {
    game.cue(LINE, { priority: "ambient" });
    game.upstream.last.grant();
    game.upstream.last.text("Well, ");
    game.upstream.last.preempt();
    expect(game.upstream.last.isAborted).toBe(true);
    expect(game.peer.line(LINE).text).toBe("Well, But I talk too much.");
    expect(ended()).toMatchObject({ source: "model", reason: "truncated" });
    expect(game.happenings).toContainEqual(
      expect.objectContaining({ kind: "generationCancelled", reason: "preempted" }),
    );
  });
});

describe("a line that is taken back", () => {
  test("by its room before any text ends with no source and no words", () => {
    game.cue(LINE);
    game.upstream.last.grant();
    game.send({ kind: "cancel", line: LINE });
    expect(game.upstream.last.isAborted).toBe(true);
    expect(kindsOfLine()).toEqual(["lineEnd"]);
    expect(ended()).toMatchObject({ source: "none", reason: "cancelled", length: 0 });
  });

  test("by its room while it is spoken keeps its words and its source", () => {
    game.cue(LINE);
    game.upstream.last.grant();
    game.upstream.last.text("Well");
    game.upstream.last.text(" met");
    game.send({ kind: "cancel", line: LINE });
    expect(game.peer.line(LINE).text).toBe("Well met");
    expect(ended()).toMatchObject({ source: "model", reason: "cancelled", length: 8 });
  });

  test("twice ends once", () => {
    game.cue(LINE);
    game.send({ kind: "cancel", line: LINE });
    game.send({ kind: "cancel", line: LINE });
    game.clock.advance(30_000);
    expect(ended()).toMatchObject({ reason: "cancelled" });
  });

  test("by a newer cue that names it ends as superseded, before the newer begins", () => {
    game.cue(LINE);
    game.upstream.last.grant();
    const older = game.upstream.last;
    game.cue(3, { supersedes: LINE });
    expect(older.isAborted).toBe(true);
    expect(ended()).toMatchObject({ source: "none", reason: "superseded" });
    game.upstream.last.grant();
    game.upstream.last.text("Anew");
    expect(game.peer.line(3).text).toBe("Anew");
  });
});

describe("a line that a newer cue names", () => {
  test("stays if it answers another player", () => {
    game.cue(LINE);
    game.cue(3, { supersedes: LINE, player: ["p2", "Ben"] });
    game.cue(5, { supersedes: LINE, player: null });
    expect(game.peer.line(LINE).terminals).toBe(0);
  });

  test("stays if it is another room's", () => {
    game.send({ kind: "roomOpen", room: 2, worldKey: "cellar" });
    game.register({ room: 2 });
    game.cue(LINE);
    game.cue(3, { supersedes: LINE, room: 2 });
    expect(game.peer.line(LINE).terminals).toBe(0);
  });
});

describe("the times of a line", () => {
  test("say where they went and sum to the wall time", () => {
    game.cue(LINE);
    game.clock.advance(10);
    game.upstream.last.wish.granted?.();
    game.clock.advance(5);
    game.upstream.last.wish.events.sent();
    game.clock.advance(60);
    game.upstream.last.text(" ");
    game.clock.advance(20);
    game.upstream.last.text("Well");
    game.clock.advance(300);
    game.upstream.last.done({ loadMs: 7, prefillMs: 40 });
    expect(ended()).toMatchObject({
      spansUs: [10_000, 5_000, 7_000, 40_000, 13_000, 20_000, 300_000],
    });
  });

  test("of a miss sum to the wall time too", () => {
    game.cue(LINE, { remainingMs: 180 });
    game.clock.advance(20);
    game.upstream.last.grant();
    game.clock.advance(500);
    const spansUs = ended()?.spansUs ?? [];
    expect(spansUs.reduce((sum, span) => sum + span, 0)).toBe(175_000);
    expect(spansUs[0]).toBe(20_000);
  });
});

test("nothing of a line is left on the clock once it is over", () => {
  const before = game.clock.pending;
  game.cue(LINE);
  game.upstream.last.grant();
  game.upstream.last.text("Well");
  game.upstream.last.done();
  expect(game.clock.pending).toBe(before);
  expect(game.sessions.openLines).toBe(0);
});
