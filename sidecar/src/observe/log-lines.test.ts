import { FakeClock } from "@banterwire/protocol/testing";
import { pino } from "pino";
import { beforeEach, describe, expect, test } from "vitest";
import type { Happening } from "../happening.ts";
import { LogLines, MAX_LOG_LINES_PER_SECOND } from "./log-lines.ts";

type Logged = Readonly<Record<string, unknown>>;

let clock: FakeClock;
let logged: Logged[];

beforeEach(() => {
  clock = new FakeClock();
  logged = [];
});

function logLines(level: string, showsText = true): LogLines {
  const log = pino(
    { level, base: null, timestamp: false },
    { write: (text: string) => logged.push(JSON.parse(text) as Logged) },
  );
  return new LogLines({ log, clock, showsText: () => showsText });
}

const CUE: Happening = {
  kind: "cueTaken",
  connection: 1,
  room: 2,
  line: 3,
  priority: "reply",
  said: "my secret",
  event: null,
};
const ASKED: Happening = {
  kind: "modelAsked",
  connection: 1,
  room: 2,
  line: 3,
  character: "mira",
  prompt: [{ role: "user", content: "my secret" }],
};
const ENDED: Happening = {
  kind: "lineEnded",
  connection: 1,
  room: 2,
  line: 3,
  character: "mira",
  priority: "reply",
  source: "fallback",
  reason: "budget",
  ttftMs: 181,
  queuedMs: 2,
  tokens: 0,
  spansUs: [0, 0, 0, 0, 0, 0, 0],
};

describe("one line per event", () => {
  test("names the line and the room, as fields", () => {
    logLines("info").observe(ENDED, clock.nowMs());
    expect(logged).toEqual([
      expect.objectContaining({
        happening: "lineEnded",
        connection: 1,
        room: 2,
        line: 3,
        source: "fallback",
        reason: "budget",
        msg: "line ended",
      }),
    ]);
  });

  test("has the world key where the room is opened", () => {
    const room = { kind: "roomOpened", connection: 1, room: 2, worldKey: "tavern" } as const;
    logLines("info").observe(room, clock.nowMs());
    expect(logged).toEqual([expect.objectContaining({ room: 2, worldKey: "tavern" })]);
  });
});

describe("what players say, and prompts,", () => {
  test("are not logged above debug", () => {
    const lines = logLines("info");
    for (const happening of [CUE, ASKED, ENDED]) lines.observe(happening, clock.nowMs());
    expect(JSON.stringify(logged)).not.toContain("secret");
  });

  test("are logged at debug", () => {
    const lines = logLines("debug");
    lines.observe(CUE, clock.nowMs());
    lines.observe(ASKED, clock.nowMs());
    expect(logged.map((line) => line["said"] ?? line["prompt"])).toEqual([
      "my secret",
      [{ role: "user", content: "my secret" }],
    ]);
  });

  test("are only counted where text is hidden", () => {
    const lines = logLines("debug", false);
    lines.observe(CUE, clock.nowMs());
    lines.observe(ASKED, clock.nowMs());
    expect(JSON.stringify(logged)).not.toContain("secret");
    expect(logged[0]).toMatchObject({ said: "[9 characters]", event: null });
  });
});

describe("a flood", () => {
  const MORE = 7;

  function flood(lines: LogLines): void {
    for (let index = 0; index < MAX_LOG_LINES_PER_SECOND + MORE; index++)
      lines.observe(ENDED, clock.nowMs());
  }

  test("is cut, and one line at the end of its second says how many more there were", () => {
    const lines = logLines("info");
    flood(lines);
    expect(logged).toHaveLength(MAX_LOG_LINES_PER_SECOND);
    clock.advance(999);
    expect(logged).toHaveLength(MAX_LOG_LINES_PER_SECOND);
    clock.advance(1);
    expect(logged.at(-1)).toMatchObject({ more: MORE, msg: `${MORE} more: line ended` });
    expect(lines.suppressed).toBe(MORE);
    expect(clock.pending).toBe(0);
  });

  test("that goes on has one such line in every second", () => {
    const lines = logLines("info");
    for (let second = 0; second < 3; second++) {
      flood(lines);
      clock.advance(1_000);
    }
    expect(logged.filter((line) => "more" in line)).toHaveLength(3);
    expect(logged).toHaveLength(3 * (MAX_LOG_LINES_PER_SECOND + 1));
  });

  test("that is under way at the end is summed up then", () => {
    const lines = logLines("info");
    flood(lines);
    lines.close();
    expect(logged.at(-1)).toMatchObject({ more: MORE });
    expect(clock.pending).toBe(0);
  });

  test("of what is not logged at this level counts for nothing", () => {
    const lines = logLines("warn");
    flood(lines);
    clock.advance(1_000);
    expect(logged).toEqual([]);
    expect(lines.suppressed).toBe(0);
  });
});
