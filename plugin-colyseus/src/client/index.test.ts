import { expect, test } from "vitest";
import { BEGIN, END, MESSAGE_TYPE, SNAPSHOT, SYNC, TEXT } from "../wire.ts";
import { type BanterHandlers, type BanterWatch, watchBanter } from "./index.ts";

interface FakeRoom {
  readonly watch: BanterWatch;
  readonly sent: unknown[][];
  receive(...entries: unknown[]): void;
  reconnect(): void;
}

function watchFakeRoom(handlers?: BanterHandlers): FakeRoom {
  const sent: unknown[][] = [];
  const reconnects = new Set<() => void>();
  let handler: ((message: unknown) => void) | undefined;
  const onReconnect = Object.assign((callback: () => void) => reconnects.add(callback), {
    remove: (callback: () => void) => reconnects.delete(callback),
  });
  const watch = watchBanter(
    {
      onReconnect,
      send: (...args: unknown[]) => sent.push(args),
      onMessage: (type: string, callback: (message: unknown) => void) => {
        expect(type).toBe(MESSAGE_TYPE);
        handler = callback;
        return () => (handler = undefined);
      },
    },
    handlers,
  );
  return {
    watch,
    sent,
    receive: (...entries) => handler?.(entries),
    reconnect: () => {
      for (const callback of reconnects) callback();
    },
  };
}

test("a line grows as its text comes, and ends", () => {
  const told: unknown[] = [];
  const room = watchFakeRoom({
    onBegin: (line) => told.push([line.npc, line.source]),
    onText: (line, text) => told.push([line.text, text]),
    onEnd: (line) => told.push(line.end),
  });
  room.receive([BEGIN, 1, "mira", "model"], [TEXT, 1, 0, "Well"]);
  room.receive([TEXT, 1, 4, " met"], [END, 1, "model", "complete", 80, 1500]);
  expect(told).toEqual([
    ["mira", "model"],
    ["Well", "Well"],
    ["Well met", " met"],
    { reason: "complete", ttftMs: 80, displayMs: 1500 },
  ]);
  expect(room.sent).toEqual([]);
});

test("offsets count code points, not code units", () => {
  const room = watchFakeRoom();
  room.receive([BEGIN, 1, "mira", "model"], [TEXT, 1, 0, "🔥🔥"], [TEXT, 1, 2, "!"]);
  expect(room.watch.lines.get(1)?.text).toBe("🔥🔥!");
  expect(room.sent).toEqual([]);
});

test.each([
  ["text after a gap", [TEXT, 1, 9, "lost"]],
  ["text a second time", [TEXT, 1, 0, "Well"]],
  ["text of a line that never began", [TEXT, 2, 0, "Eh"]],
  ["the end of a line that never began", [END, 2, "model", "complete", 80, 1500]],
])("%s is not shown: a sync is asked for, once", (_name, entry) => {
  const room = watchFakeRoom();
  room.receive([BEGIN, 1, "mira", "model"], [TEXT, 1, 0, "Well"], entry, entry);
  expect(room.watch.lines.get(1)?.text).toBe("Well");
  expect(room.sent).toEqual([[MESSAGE_TYPE, SYNC]]);
});

test("a snapshot takes the place of all that was known, and text goes on from there", () => {
  const told: unknown[] = [];
  const room = watchFakeRoom({ onSnapshot: (lines) => told.push(lines.map((line) => line.text)) });
  room.receive([BEGIN, 1, "mira", "model"], [TEXT, 1, 3, "gap"]);
  room.receive([
    SNAPSHOT,
    [
      [7, "mira", "model", "Well", null],
      [5, "tom", "fallback", "Eh?", ["budget", null, 1500]],
    ],
  ]);
  room.receive([TEXT, 7, 4, " met"]);
  expect(told).toEqual([["Well", "Eh?"]]);
  expect([...room.watch.lines.keys()]).toEqual([7, 5]);
  expect(room.watch.lines.get(7)?.text).toBe("Well met");
  expect(room.watch.lines.get(5)?.end).toEqual({
    reason: "budget",
    ttftMs: undefined,
    displayMs: 1500,
  });
  expect(room.sent).toHaveLength(1);
});

test("after a reconnect a sync is asked for, also if the last one was never answered", () => {
  const room = watchFakeRoom();
  room.receive([TEXT, 1, 0, "gap"]);
  room.reconnect();
  expect(room.sent).toEqual([
    [MESSAGE_TYPE, SYNC],
    [MESSAGE_TYPE, SYNC],
  ]);
});

test.each([
  [[null]],
  [[[]]],
  [[[99, "of a later version"]]],
  [[[BEGIN, -1, "mira", "model"]]],
  [[[BEGIN, 1, 5, "model"]]],
  [[[TEXT, 1, 0.5, "x"]]],
  [[[TEXT, 1, 0, 7]]],
  [[[END, 1, "model", "complete", "soon", 1]]],
  [[[SNAPSHOT, [[1, "mira"]]]]],
  [[[SNAPSHOT, null]]],
])("an entry that does not fit is left out: %j", (entries) => {
  const room = watchFakeRoom();
  room.receive(...entries);
  expect(room.watch.lines.size).toBe(0);
  expect(room.sent).toEqual([]);
});

test("a handler that throws keeps no entry from being taken in, and is heard of", () => {
  const room = watchFakeRoom({
    onBegin: () => {
      throw new Error("no bubble");
    },
  });
  expect(() => room.receive([BEGIN, 1, "mira", "model"], [TEXT, 1, 0, "Well"])).toThrow(
    "no bubble",
  );
  expect(room.watch.lines.get(1)?.text).toBe("Well");
});

test("after stop nothing is taken in and nothing is asked for", () => {
  const room = watchFakeRoom();
  room.watch.stop();
  room.watch.stop();
  room.receive([BEGIN, 1, "mira", "model"]);
  room.reconnect();
  expect(room.watch.lines.size).toBe(0);
  expect(room.sent).toEqual([]);
});

test("the lines kept are bounded, the oldest that ended go first", () => {
  const room = watchFakeRoom();
  room.receive([BEGIN, 1, "mira", "model"]);
  for (let id = 2; id < 1_000; id++) {
    room.receive([BEGIN, id, "tom", "model"], [END, id, "model", "complete", 1, 1500]);
  }
  expect(room.watch.lines.size).toBe(257);
  expect(room.watch.lines.has(1)).toBe(true);
  expect(room.watch.lines.has(999)).toBe(true);
  room.receive([END, 1, "model", "complete", 1, 1500]);
  expect(room.watch.lines.get(1)?.end?.reason).toBe("complete");
  expect(room.watch.lines.size).toBe(256);
});
