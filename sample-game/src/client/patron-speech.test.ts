import type { WatchedLine } from "@banterwire/colyseus/client";
import { expect, test } from "vitest";
import { PatronSpeech } from "./patron-speech.ts";

function stage() {
  const seen: string[] = [];
  const speech = new PatronSpeech({
    show: ({ npc, text }) => seen.push(`${npc}: ${text}`),
    end: ({ npc, text }) => seen.push(`${npc}. ${text}`),
    hush: (patron) => seen.push(`${patron} falls silent`),
  });
  return { seen, speech };
}

const end = { reason: "complete", ttftMs: 9, displayMs: 1_500 } as const;

function line(id: number, text: string, isEnded: boolean): WatchedLine {
  return { id, npc: "grix", source: "model", text, end: isEnded ? end : undefined };
}

test("one who comes in late hears what is being said, and not what was", () => {
  const { seen, speech } = stage();
  speech.onSnapshot([line(1, "Old.", true), line(3, "Grix was", false)]);
  expect(seen).toEqual(["grix: Grix was"]);
});

test("a line that ended during a gap is told once", () => {
  const { seen, speech } = stage();
  speech.onText(line(1, "Grix", false));
  speech.onSnapshot([line(1, "Grix sells.", true)]);
  speech.onSnapshot([line(1, "Grix sells.", true)]);
  expect(seen).toEqual(["grix: Grix", "grix. Grix sells."]);
});

test("a line that began and ended during a gap is told as well", () => {
  const { seen, speech } = stage();
  speech.onText(line(1, "One.", false));
  speech.onEnd(line(1, "One.", true));
  speech.onSnapshot([line(1, "One.", true), line(3, "Two.", true)]);
  expect(seen).toEqual(["grix: One.", "grix. One.", "grix: Two.", "grix. Two."]);
});

test("a line that a snapshot does not know falls silent", () => {
  const { seen, speech } = stage();
  speech.onText(line(1, "Grix", false));
  speech.onSnapshot([]);
  expect(seen).toEqual(["grix: Grix", "grix falls silent"]);
});
