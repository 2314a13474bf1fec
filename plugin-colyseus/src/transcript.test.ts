import type { Line, LineResult } from "@banterwire/protocol/client";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { type BanterWatch, watchBanter } from "./client/index.ts";
import { Transcript } from "./transcript.ts";
import { type Entry, SNAPSHOT } from "./wire.ts";

const RESULT: LineResult = {
  source: "model",
  reason: "complete",
  text: "",
  ttftMs: 12.4,
  budgetMs: 200,
  roomStall: false,
  displayMs: 1_500,
  spansUs: undefined,
};

function line(id: number, character: string): Line {
  const state = { name: "speaking", source: "model", length: 0 };
  return { id, character, state } as unknown as Line;
}

interface Browser {
  readonly watch: BanterWatch;
  receive(entries: readonly Entry[]): void;
  /** How often it found something missing. */
  syncs(): number;
}

function openBrowser(): Browser {
  let take: ((message: unknown) => void) | undefined;
  let syncs = 0;
  const watch = watchBanter({
    onReconnect: Object.assign(() => {}, { remove: () => {} }),
    send: () => syncs++,
    onMessage: (_type: string, callback: (message: unknown) => void) => {
      take = callback;
      return () => {};
    },
  });
  return { watch, receive: (entries) => take?.(entries), syncs: () => syncs };
}

const NPCS = ["mira", "tom", "old Bess"];
const npc = fc.constantFrom(...NPCS);
const step = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant("text"),
      npc,
      text: fc.string({ unit: "grapheme", minLength: 1 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom("end", "flush", "snapshot"), npc }) },
);

test("whatever is said, flushed and snapshot in whatever order, a browser has the same text", () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const transcript = new Transcript();
      const steady = openBrowser();
      const synced = openBrowser();
      const open = new Map<string, { line: Line; length: number }>();
      const said = new Map<number, string>();
      let lastId = 0;
      const flush = (): void => {
        const changes = transcript.takeChanges();
        steady.receive(changes);
        synced.receive(changes);
      };
      for (const { do: what, npc, ...words } of steps) {
        const speaking = open.get(npc);
        if ("text" in words) {
          const { text } = words;
          const now = speaking ?? { line: line(++lastId, npc), length: 0 };
          open.set(npc, now);
          transcript.text(now.line, now.length, text);
          now.length += Array.from(text).length;
          said.set(now.line.id, (said.get(now.line.id) ?? "") + text);
        } else if (what === "end" && speaking) {
          transcript.end(speaking.line, RESULT);
          open.delete(npc);
        } else if (what === "flush") {
          flush();
        } else if (what === "snapshot") {
          flush();
          synced.receive([transcript.snapshot()]);
        }
      }
      flush();
      expect([steady.syncs(), synced.syncs()]).toEqual([0, 0]);
      for (const [id, text] of said) expect(steady.watch.lines.get(id)?.text).toBe(text);
      for (const [id, { text }] of synced.watch.lines) expect(text).toBe(said.get(id));
      for (const { line } of open.values()) expect(synced.watch.lines.has(line.id)).toBe(true);
    }),
  );
});

test("a snapshot has the open lines and the last one of each NPC", () => {
  const transcript = new Transcript();
  for (const [id, npc] of [
    [1, "mira"],
    [2, "tom"],
    [3, "mira"],
  ] as const) {
    transcript.text(line(id, npc), 0, `line ${id}`);
    transcript.end(line(id, npc), RESULT);
  }
  transcript.text(line(4, "mira"), 0, "line 4");
  expect(transcript.snapshot()).toEqual([
    SNAPSHOT,
    [
      [2, "tom", "model", "line 2", ["complete", 12, 1_500]],
      [3, "mira", "model", "line 3", ["complete", 12, 1_500]],
      [4, "mira", "model", "line 4", null],
    ],
  ]);
});

test("of NPCs without number the latest 64 are kept, and every open line", () => {
  const transcript = new Transcript();
  transcript.text(line(1, "mira"), 0, "A long story");
  for (let id = 2; id < 200; id++) {
    transcript.text(line(id, `npc ${id}`), 0, "Eh?");
    transcript.end(line(id, `npc ${id}`), RESULT);
  }
  const ids = transcript.snapshot()[1].map(([id]) => id);
  expect(ids).toHaveLength(65);
  expect(ids).toContain(1);
  expect(ids).toContain(199);
});

test("a line of which nothing was visible leaves no trace", () => {
  const transcript = new Transcript();
  transcript.end(line(1, "mira"), { ...RESULT, source: "none", reason: "cancelled" });
  expect(transcript.takeChanges()).toEqual([]);
  expect([transcript.isEmpty, transcript.isLive]).toEqual([true, false]);
});
