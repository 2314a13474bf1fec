import { describe, expect, test } from "vitest";
import {
  DEFAULT_CONFIG,
  MAX_LOGGED_TEXT_UNITS,
  MAX_NAMED_PER_LINE,
  MAX_RESUMES_PER_SECOND,
  MAX_UNKNOWN_LINES,
} from "../config.ts";
import { MemoryGame } from "../testing/memory-game.ts";

const WINDOW_MS = DEFAULT_CONFIG.resumeWindowMs;
const CAPABILITIES = ["resume"];

/** A game in its room whose session may be resumed, with lines 1 and 3 under way: "Well", "Aye". */
function talking(): MemoryGame {
  const game = MemoryGame.inRoom(CAPABILITIES);
  game.cue(1);
  game.cue(3);
  const [one, three] = game.upstream.asked;
  one?.grant();
  three?.grant();
  one?.text("Well");
  three?.text("Aye");
  game.flushed();
  return game;
}

/** Drops the connection and says hello on a new one, with the session's name. */
function comeBack(game: MemoryGame, token?: string): void {
  const { session } = game.peer.all("welcome")[0] ?? { session: null };
  if (game.peer.closed === undefined) game.connection.lost();
  game.reconnect(token);
  game.hello({ capabilities: CAPABILITIES, session });
}

function resume(game: MemoryGame, ...lines: [number, number | null][]): void {
  game.send({ kind: "resume", lines, more: false });
}

/** What came after the welcome, deltas as [line, offset, text]. */
function told(game: MemoryGame): unknown[] {
  return game.peer.messages.flatMap((message): unknown[] => {
    if (message.kind === "welcome") return [];
    if (message.kind === "delta") return message.parts;
    return [[message.kind, "line" in message ? message.line : undefined]];
  });
}

/** The books of the sidecar: its rooms, open lines, and sessions without a connection. */
function books({ sessions }: MemoryGame): Record<string, number> {
  const { rooms, openLines, detached } = sessions;
  return { rooms, openLines, detached };
}

function codes(game: MemoryGame): string[] {
  return game.peer.all("error").map(({ code }) => code);
}

describe("a game that comes back in time", () => {
  test("is told that its session stands, and gets what it missed from where it stood", () => {
    const game = talking();
    game.connection.lost();
    game.upstream.asked[0]?.text(" met 🍺!");
    comeBack(game);
    expect(game.peer.all("welcome")).toMatchObject([
      { resumed: true, resumeWindowMs: WINDOW_MS, capabilities: ["resume"] },
    ]);
    game.upstream.asked[0]?.text(" Sit.");
    resume(game, [1, 2], [3, 3]);
    expect(told(game)).toEqual([[1, 2, "ll met 🍺! Sit."]]);
    game.upstream.asked[1]?.text(", friend");
    game.upstream.asked[1]?.done();
    expect(told(game).slice(1)).toEqual([
      [3, 3, ", friend"],
      ["lineEnd", 3],
    ]);
  });

  test("gets the begin too where it has no text, and the end where the line has ended", () => {
    const game = talking();
    game.connection.lost();
    game.upstream.asked[0]?.done();
    comeBack(game);
    resume(game, [1, 0], [3, 3]);
    expect(told(game)).toEqual([
      ["lineBegin", 1],
      [1, 0, "Well"],
      ["lineEnd", 1],
    ]);
    expect(game.peer.breaches).toEqual([]);
  });

  test("gets an end again that was sent and may not have come, but not once it told the outcome", () => {
    const game = talking();
    game.upstream.asked[0]?.done();
    game.upstream.asked[1]?.done();
    game.send({ ...OUTCOME, line: 3 });
    comeBack(game);
    resume(game, [1, 4], [3, 3]);
    expect(told(game)).toEqual([
      ["error", 3],
      ["lineEnd", 1],
    ]);
    expect(codes(game)).toEqual(["unknown_line"]);
  });

  test("gets a refusal again that it may not have had", () => {
    const game = talking();
    game.cue(5, { room: 9 });
    comeBack(game);
    resume(game, [1, 4], [3, 3], [5, 0]);
    expect(codes(game)).toEqual(["unknown_room"]);
  });

  test("has the lines cancelled that it ended itself, or does not name, without a word", () => {
    const game = talking();
    comeBack(game);
    resume(game, [1, null]);
    expect(game.upstream.asked.map(({ isAborted }) => isAborted)).toEqual([true, true]);
    expect(told(game)).toEqual([]);
    expect(game.sessions.openLines).toBe(0);
    expect(game.happenings.filter(({ kind }) => kind === "lineEnded")).toHaveLength(2);
  });

  test("still says what was heard of a line that it ended itself", () => {
    const game = talking();
    comeBack(game);
    resume(game, [1, null], [3, 3]);
    game.send({ kind: "heard", line: 1, player: "p1", offset: 9 });
    game.send({ kind: "heard", line: 3, player: "p1", offset: 2 });
    game.send({ kind: "heard", line: 99, player: "p1", offset: 2 });
    const heard = game.happenings.filter(({ kind }) => kind === "lineHeard");
    expect(heard).toMatchObject([
      { line: 1, room: 1, character: "mira", player: "p1", codePoints: 4, text: "Well" },
      { line: 3, codePoints: 2, text: "Aye" },
    ]);
  });

  test("is told of a line that never came here, and may ask for it again under its id", () => {
    const game = talking();
    comeBack(game);
    resume(game, [1, 4], [3, 3], [5, 0]);
    expect(game.peer.line(5)).toMatchObject({ error: "unknown_line" });
    game.cue(5);
    expect(game.upstream.asked).toHaveLength(3);
  });

  test("that claims more of a line than there is has that line ended by an error", () => {
    const game = talking();
    comeBack(game);
    resume(game, [1, 5], [3, 3]);
    expect(told(game)).toEqual([["error", 1]]);
    expect(game.upstream.asked[0]?.isAborted).toBe(true);
    expect(game.sessions.openLines).toBe(1);
  });

  test("may say where it stands in several messages, and nothing goes on before the last", () => {
    const game = talking();
    comeBack(game);
    game.send({ kind: "resume", lines: [[1, 2]], more: true });
    expect(told(game)).toEqual([]);
    resume(game, [3, 0]);
    expect(told(game)).toEqual([
      [1, 2, "ll"],
      ["lineBegin", 3],
      [3, 0, "Aye"],
    ]);
  });

  test("must say where it stands before anything else", () => {
    const game = talking();
    comeBack(game);
    game.cue(5);
    expect(codes(game)).toEqual(["unexpected_message"]);
    expect(game.sessions.openLines).toBe(0);
  });

  test("goes on under its number, with its rooms, its characters and its limits", () => {
    const game = talking();
    comeBack(game);
    resume(game, [1, 4], [3, 3]);
    expect(game.happenings.at(-1)).toMatchObject({ connection: 1, resumed: true });
    game.cue(5, { candidates: [["bram", 1, 0]] });
    expect(game.peer.line(5).error).toBeUndefined();
    expect(books(game)).toMatchObject({ rooms: 1, openLines: 3, detached: 0 });
  });

  test("takes the session from a connection that seems to live", () => {
    const game = talking();
    const { session } = game.peer.all("welcome")[0] ?? { session: null };
    const [before, peer] = [game.connection, game.peer];
    game.reconnect();
    game.hello({ capabilities: CAPABILITIES, session });
    resume(game, [1, 4], [3, 3]);
    expect(peer.closed).toEqual({ code: 4410, reason: "session_taken" });
    before.lost();
    game.upstream.asked[0]?.text(" met");
    game.flushed();
    expect(game.peer.line(1).text + peer.line(1).text).toContain("Well");
    expect(told(game)).toEqual([[1, 4, " met"]]);
  });

  test("may be lost and come back any number of times", () => {
    const game = talking();
    for (let times = 0; times < 20; times++) {
      game.clock.advance(900);
      for (const generation of game.upstream.asked) generation.text("!");
      comeBack(game);
      resume(game, [1, 4 + times], [3, 3 + times]);
      expect(told(game)).toEqual([
        [1, 4 + times, "!"],
        [3, 3 + times, "!"],
      ]);
    }
  });
});

test("a game that comes back too often in a second is welcomed to a new session, and later to its own", () => {
  const game = talking();
  const { session } = game.peer.all("welcome")[0] ?? { session: null };
  const isResumed = (): boolean | undefined => {
    game.connection.lost();
    game.reconnect();
    game.hello({ capabilities: CAPABILITIES, session });
    return game.peer.all("welcome")[0]?.resumed;
  };
  for (let times = 0; times < MAX_RESUMES_PER_SECOND; times++) expect(isResumed()).toBe(true);
  expect(isResumed()).toBe(false);
  game.clock.advance(1_000);
  expect(isResumed()).toBe(true);
});

/** Lines that no session has, each with a character of text. */
function unknown(count: number): [number, number][] {
  return Array.from({ length: count }, (_, index) => [9_001 + 2 * index, 1]);
}

describe("a game that names more lines than an honest one has", () => {
  const ENDED = { rooms: 0, openLines: 0, detached: 0 };

  test("is told of as many unknown ones as may be, and with one more its session is over", () => {
    const game = talking();
    comeBack(game);
    resume(game, ...unknown(MAX_UNKNOWN_LINES));
    expect(codes(game)).toEqual(Array(MAX_UNKNOWN_LINES).fill("unknown_line"));
    comeBack(game);
    resume(game, ...unknown(MAX_UNKNOWN_LINES + 1));
    expect(codes(game)).toEqual(["unexpected_message"]);
    expect(game.peer.closed).toEqual({ code: 4401, reason: "unexpected_message" });
    expect(books(game)).toEqual(ENDED);
  });

  test("is answered for the first of many messages only", () => {
    const game = talking();
    comeBack(game);
    const message = { kind: "resume", lines: unknown(MAX_UNKNOWN_LINES), more: true } as const;
    for (let count = 0; count < 9; count++) game.send(message);
    expect(codes(game)).toHaveLength(MAX_UNKNOWN_LINES + 1);
    expect(books(game)).toEqual(ENDED);
  });

  test("may name those that it ended itself in any case, but not without an end", () => {
    const most = MAX_NAMED_PER_LINE * DEFAULT_CONFIG.maxLines;
    const ended = unknown(most / 2).map(([line]): [number, null] => [line, null]);
    const game = talking();
    comeBack(game);
    game.send({ kind: "resume", lines: ended, more: true });
    game.send({ kind: "resume", lines: ended, more: true });
    expect(game.peer.closed).toBeUndefined();
    game.send({ kind: "resume", lines: [], more: true });
    expect(codes(game)).toEqual(["unexpected_message"]);
    expect(books(game)).toEqual(ENDED);
  });
});

const OUTCOME = {
  kind: "outcome",
  room: 1,
  character: "mira",
  priority: "reply",
  source: "model",
  ttftUs: 1,
  budgetMs: 200,
  roomStall: false,
  withdrawn: false,
} as const;

describe("a session", () => {
  test("ends with its window: its lines end upstream, its characters cool, nothing is left", () => {
    const game = talking();
    const { session } = game.peer.all("welcome")[0] ?? { session: null };
    game.connection.lost();
    for (let seconds = 1; seconds < WINDOW_MS / 1_000; seconds++) {
      game.clock.advance(1_000);
      for (const generation of game.upstream.asked) generation.text(" on");
    }
    game.clock.advance(999);
    expect(books(game)).toEqual({ rooms: 1, openLines: 2, detached: 1 });
    game.clock.advance(1);
    expect(books(game)).toEqual({ rooms: 0, openLines: 0, detached: 0 });
    expect(game.upstream.asked.map(({ isAborted }) => isAborted)).toEqual([true, true]);
    expect(game.upstream.kept).toEqual([]);
    expect(game.clock.pending).toBe(0);
    game.reconnect();
    game.hello({ capabilities: CAPABILITIES, session });
    expect(game.peer.all("welcome")).toMatchObject([{ resumed: false }]);
  });

  test("belongs to the token that began it", () => {
    const game = talking();
    comeBack(game, "another game's");
    expect(game.peer.all("welcome")).toMatchObject([{ resumed: false }]);
    expect(game.sessions.detached).toBe(1);
  });

  test.each([1000, 4400])("that its client closes with %i ends at once", (closeCode) => {
    const game = talking();
    game.connection.lost(closeCode);
    expect(books(game)).toMatchObject({ rooms: 0, openLines: 0, detached: 0 });
    expect(game.clock.pending).toBe(0);
  });

  test("is kept where the loss is nobody's breach", () => {
    const game = talking();
    game.connection.unfinished();
    expect(game.sessions.detached).toBe(1);
  });

  test("of a client that cannot resume ends with its connection", () => {
    const game = MemoryGame.inRoom();
    game.cue(1);
    game.connection.lost();
    expect(books(game)).toMatchObject({ rooms: 0, openLines: 0, detached: 0 });
  });

  test("that was lost first goes where too many wait", () => {
    const game = MemoryGame.inRoom(CAPABILITIES);
    const first = game.peer.all("welcome")[0]?.session ?? null;
    for (let lost = 0; lost < 3; lost++) {
      game.connection.lost();
      game.reconnect();
      game.hello({ capabilities: CAPABILITIES });
    }
    expect(game.sessions.detached).toBe(2);
    game.reconnect();
    game.hello({ capabilities: CAPABILITIES, session: first });
    expect(game.peer.all("welcome")).toMatchObject([{ resumed: false }]);
  });

  test("that says more than can be kept for nobody ends", () => {
    const game = MemoryGame.inRoom(CAPABILITIES);
    const long = "🍺".repeat(4_000);
    const fitting = Math.floor(MAX_LOGGED_TEXT_UNITS / long.length);
    for (let count = 0; count <= fitting; count++) {
      game.cue(2 * count + 1, { remainingMs: 10_000 });
      game.upstream.last.grant();
      game.clock.advance(20);
    }
    game.connection.lost();
    for (const generation of game.upstream.asked.slice(1)) generation.text(long);
    expect(books(game)).toMatchObject({ detached: 1, openLines: fitting + 1 });
    game.upstream.asked[0]?.text(long);
    expect(books(game)).toEqual({ rooms: 0, openLines: 0, detached: 0 });
    expect(game.clock.pending).toBe(0);
  });

  test("of a sidecar about to stop ends", () => {
    const game = talking();
    game.connection.lost();
    game.sessions.closeDetached();
    expect(books(game)).toMatchObject({ detached: 0, openLines: 0 });
    expect(game.clock.pending).toBe(0);
  });

  test("is not there to be resumed where nothing was lost", () => {
    const game = talking();
    resume(game, [1, 0]);
    expect(codes(game)).toEqual(["unsupported"]);
    expect(game.peer.closed).toBeUndefined();
  });
});
