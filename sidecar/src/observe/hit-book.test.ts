import type { OutcomeReport } from "@banterwire/protocol";
import { array, assert, constantFrom, integer, property, record } from "fast-check";
import { beforeEach, describe, expect, test } from "vitest";
import type { Happening } from "../happening.ts";
import { HitBook, MAX_AWAITED, REPORT_WITHIN_MS } from "./hit-book.ts";

let book: HitBook;
let nowMs: number;

beforeEach(() => {
  book = new HitBook();
  nowMs = 0;
});

function tell(happening: Happening): void {
  book.observe(happening, nowMs);
}

function cue(
  line: number,
  about: { connection?: number; priority?: "reply" | "ambient" } = {},
): void {
  const { connection = 1, priority = "reply" } = about;
  tell({ kind: "cueTaken", connection, room: 1, line, priority, said: null, event: null });
}

function end(line: number, reason: "complete" | "silence" = "complete", connection = 1): void {
  tell({
    kind: "lineEnded",
    connection,
    room: 1,
    line,
    character: "mira",
    priority: "reply",
    source: reason === "silence" ? "none" : "model",
    reason,
    ttftMs: 100,
    queuedMs: 0,
    tokens: 1,
    spansUs: [0, 0, 0, 0, 0, 0, 0],
  });
}

function report(line: number, about: Partial<OutcomeReport> = {}, connection = 1): void {
  tell({
    kind: "outcomeReported",
    connection,
    report: {
      kind: "outcome",
      line,
      room: 1,
      character: "mira",
      priority: "reply",
      source: "model",
      ttftUs: 120_000,
      budgetMs: 200,
      roomStall: false,
      withdrawn: false,
      ...about,
    },
  });
}

function counts(): object {
  return book.sinceStart(nowMs);
}

describe("a reported line", () => {
  test("from the model in time is a hit of both kinds", () => {
    cue(1);
    end(1);
    report(1);
    expect(counts()).toMatchObject({ cues: 1, modelHits: 1, anyHits: 1, unreported: 0 });
  });

  test("that was authored in time is a hit of any line", () => {
    cue(1);
    report(1, { source: "fallback" });
    expect(counts()).toMatchObject({ cues: 1, modelHits: 0, anyHits: 1 });
  });

  test("past its budget is no hit, and a stall of the room's is counted", () => {
    cue(1);
    report(1, { ttftUs: 200_001, roomStall: true });
    expect(counts()).toMatchObject({ cues: 1, modelHits: 0, anyHits: 0, roomStalls: 1 });
  });

  test("counts once, however often it is reported", () => {
    cue(1);
    end(1);
    report(1);
    report(1, { source: "fallback" });
    expect(counts()).toMatchObject({ cues: 1, modelHits: 1, anyHits: 1 });
  });

  test("counts when the room is done with it before the sidecar is", () => {
    cue(1);
    report(1);
    end(1);
    nowMs = 2 * REPORT_WITHIN_MS;
    expect(counts()).toMatchObject({ cues: 1, modelHits: 1, unreported: 0 });
  });

  test("that never came here counts, once", () => {
    report(7, { source: "fallback" });
    report(7, { source: "fallback" });
    expect(counts()).toMatchObject({ cues: 1, modelHits: 0, anyHits: 1 });
  });

  test.each([
    ["ambient", { priority: "ambient" }, { ambient: 1 }],
    ["withdrawn", { withdrawn: true, source: "none", ttftUs: null }, { withdrawn: 1 }],
  ] as const)("that is %s is counted apart", (_name, about, apart) => {
    cue(1);
    report(1, about);
    expect(counts()).toMatchObject({ cues: 0, ...apart });
  });

  test("to which the character chose to say nothing is counted apart", () => {
    cue(1);
    end(1, "silence");
    report(1, { source: "none", ttftUs: null });
    expect(counts()).toMatchObject({ cues: 0, silences: 1 });
  });
});

describe("an unreported line", () => {
  test("is a miss 10 s after its end, not before", () => {
    cue(1);
    nowMs = 15_000;
    end(1);
    nowMs = 15_000 + REPORT_WITHIN_MS - 1;
    expect(counts()).toMatchObject({ cues: 0 });
    nowMs++;
    expect(counts()).toMatchObject({ cues: 1, modelHits: 0, anyHits: 0, unreported: 1 });
  });

  test("stays a miss if it is reported after that", () => {
    cue(1);
    end(1);
    nowMs = REPORT_WITHIN_MS;
    report(1);
    expect(counts()).toMatchObject({ cues: 1, modelHits: 0, unreported: 1 });
  });

  test("that is still open is awaited", () => {
    cue(1);
    nowMs = 10 * REPORT_WITHIN_MS;
    expect(counts()).toMatchObject({ cues: 0 });
    expect(book.awaited).toBe(1);
  });

  test("that was refused is a miss 10 s after that", () => {
    cue(1);
    const code = "too_many_lines";
    tell({ kind: "errorSent", connection: 1, code, why: "", room: 1, line: 1 });
    nowMs = REPORT_WITHIN_MS;
    expect(counts()).toMatchObject({ cues: 1, unreported: 1 });
  });

  test("that is ambient is counted apart", () => {
    cue(1, { priority: "ambient" });
    end(1);
    nowMs = REPORT_WITHIN_MS;
    expect(counts()).toMatchObject({ cues: 0, ambient: 1, unreported: 0 });
  });
});

describe("lines of different connections", () => {
  test("are different lines, whatever their ids", () => {
    cue(1);
    cue(1, { connection: 2 });
    report(1);
    report(1, { source: "fallback" }, 2);
    expect(counts()).toMatchObject({ cues: 2, modelHits: 1, anyHits: 2 });
  });

  test("are the same where one was lost and its game reports on the next", () => {
    cue(1);
    end(1);
    tell({ kind: "sessionEnded", connection: 1 });
    report(1, {}, 2);
    report(1, {}, 2);
    nowMs = REPORT_WITHIN_MS;
    expect(counts()).toMatchObject({ cues: 1, modelHits: 1, unreported: 0 });
  });

  test("are misses where the game was lost and never came back", () => {
    cue(1);
    end(1);
    tell({ kind: "sessionEnded", connection: 1 });
    nowMs = REPORT_WITHIN_MS;
    expect(counts()).toMatchObject({ cues: 1, unreported: 1 });
  });
});

/** A game with three lines open is killed, and does not come back in time. */
function killed(): void {
  for (const line of [1, 3, 5]) cue(line);
  for (const line of [1, 3, 5]) end(line);
  tell({ kind: "sessionEnded", connection: 1 });
}

describe("a game that was killed and started anew", () => {
  test("uses its ids again: what it reports of cues that never came here counts, once", () => {
    killed();
    nowMs = 60_000;
    expect(counts()).toMatchObject({ cues: 3, unreported: 3 });
    for (const line of [1, 3, 5, 5]) report(line, { source: "fallback" }, 2);
    expect(counts()).toMatchObject({ cues: 6, anyHits: 3, unreported: 3 });
  });

  test("leaves nothing that a third one's reports could be taken for", () => {
    killed();
    report(1, {}, 2);
    report(1, {}, 3);
    nowMs = REPORT_WITHIN_MS;
    expect(counts()).toMatchObject({ cues: 4, modelHits: 2, unreported: 2 });
  });
});

describe("the last minute", () => {
  test("forgets what was longer ago, the counts since start do not", () => {
    cue(1);
    report(1);
    nowMs = 59_999;
    expect(book.lastMinute(nowMs)).toMatchObject({ cues: 1, modelHits: 1 });
    nowMs = 60_000;
    expect(book.lastMinute(nowMs)).toMatchObject({ cues: 0, modelHits: 0 });
    expect(counts()).toMatchObject({ cues: 1 });
  });

  test("has a miss in the second in which it became one", () => {
    cue(1);
    end(1);
    nowMs = 65_000;
    expect(book.lastMinute(nowMs)).toMatchObject({ cues: 1, unreported: 1 });
  });
});

test("the book is bounded: past it the oldest awaited line is a miss at once", () => {
  for (let line = 1; line <= MAX_AWAITED + 3; line++) cue(line);
  expect(book.awaited).toBe(MAX_AWAITED);
  expect(counts()).toMatchObject({ cues: 3, unreported: 3 });
});

test("whatever happens in whatever order, every cue counts exactly once", () => {
  const step = record({
    does: constantFrom("cue", "end", "report", "wait"),
    line: integer({ min: 1, max: 20 }),
  });
  assert(
    property(array(step, { maxLength: 200 }), (steps) => {
      book = new HitBook();
      nowMs = 0;
      const named = new Set<number>();
      for (const { does, line } of steps) {
        if (does === "wait") nowMs += line * 1_000;
        // Ids are used once on a connection, and a line ends or is reported after its cue.
        if (does === "cue" && !named.has(line)) cue(line);
        if (does === "end" && named.has(line)) end(line);
        if (does === "report") report(line, { source: "fallback" });
        if (does === "cue" || does === "report") named.add(line);
      }
      for (const line of named) end(line);
      nowMs += REPORT_WITHIN_MS;
      const { cues, anyHits, unreported } = book.sinceStart(nowMs);
      expect(cues).toBe(named.size);
      expect(anyHits + unreported).toBe(cues);
      expect(book.awaited).toBe(0);
    }),
  );
});
