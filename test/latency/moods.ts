import type { Reason, Source } from "@banterwire/protocol";
import { inOneWrite, inPieces, MOODS, type Reply, saying } from "@banterwire/sidecar/testing";

/** What an Ollama does to one cue, and what follows from it. */
export interface MoodRow {
  readonly reply: Reply;
  /** What every player of the room is told. */
  readonly room: { readonly source: Source; readonly reason: Reason; readonly text: string };
  /** The series of `/metrics` that tells the operator why, beside that of the line's end. */
  readonly operator: string | undefined;
  /** How the engine sees the generation end: by its own doing, or because its client went away. */
  readonly slot: "done" | "cancelled";
}

export const FALLBACK = "One moment.";
export const CLOSER = " - but I talk too much.";

const complete = (text: string): MoodRow["room"] => ({ source: "model", reason: "complete", text });
const authored = (reason: Reason): MoodRow["room"] => ({
  source: "fallback",
  reason,
  text: FALLBACK,
});
const TRUNCATED: MoodRow["room"] = {
  source: "model",
  reason: "truncated",
  text: `Mind the${CLOSER}`,
};
const WORDS = "Ein Bärenhunger! 🐻 Käse?";

const cancelled = (reason: string): string => `banterwire_cancels_total{reason="${reason}"}`;
const failed = (kind: string): string => `banterwire_generation_failures_total{failure="${kind}"}`;

function row(
  reply: Reply,
  room: MoodRow["room"],
  operator?: string,
  slot: MoodRow["slot"] = "done",
): MoodRow {
  return { reply, room, operator, slot };
}

/** The moods that one cue meets on a warm engine, one row each. */
export const MOOD_ROWS: Readonly<Record<string, MoodRow>> = {
  "a plain answer": row(saying(WORDS), complete(WORDS)),
  "a trickle that goes on after the budget": row(
    {
      steps: [
        { do: "say", text: "Mind" },
        { do: "wait", ms: 300 },
        { do: "say", text: " the" },
        { do: "wait", ms: 300 },
        { do: "done" },
      ],
    },
    complete("Mind the"),
  ),
  "empty first tokens": row(MOODS.emptyFirstTokens, complete("Mind the")),
  "a little thinking": row(MOODS.thinking, complete("Mind the")),
  "done twice": row(MOODS.doubleDone, complete("Mind the")),
  "text after done": row(MOODS.textAfterDone, complete("Mind the")),
  "bytes split anywhere": row(inPieces(saying(WORDS), 1), complete(WORDS)),
  "lines merged": row(inOneWrite(saying(WORDS)), complete(WORDS)),

  "a stall in mid-line": row(MOODS.stallMidLine, TRUNCATED, cancelled("stalled"), "cancelled"),
  "death in mid-line": row(MOODS.deathMidLine, TRUNCATED, failed("ended-early")),
  "an end without done": row(MOODS.endWithoutDone, TRUNCATED, failed("ended-early")),
  "an error line in mid-line": row(MOODS.errorLineMidLine, TRUNCATED, failed("engine")),
  "garbage in mid-line": row(MOODS.garbageMidLine, TRUNCATED, failed("protocol")),
  "a line of 4 MB": row(MOODS.hugeLine, TRUNCATED, failed("protocol"), "cancelled"),

  "status 503": row(MOODS.overloaded, authored("upstream"), failed("status")),
  "status 500": row(MOODS.crashed, authored("upstream"), failed("status")),
  "status 500 without a word": row(MOODS.silentFailure, authored("upstream"), failed("status")),
  "status 404": row(MOODS.modelMissing, authored("upstream"), failed("status")),
  "an HTML page": row(MOODS.htmlPage, authored("upstream"), failed("protocol")),
  garbage: row(MOODS.garbage, authored("upstream"), failed("protocol")),
  "an error line": row(MOODS.errorLine, authored("upstream"), failed("engine")),
  "an empty body": row(MOODS.emptyBody, authored("upstream"), failed("ended-early")),
  "death before any text": row(MOODS.deathBeforeText, authored("upstream"), failed("connect")),
  "done without text": row(MOODS.doneWithoutText, authored("upstream")),

  "a slow first token": row(
    MOODS.slowFirstToken,
    authored("budget"),
    cancelled("budget"),
    "cancelled",
  ),
  "a black hole": row(MOODS.blackHole, authored("budget"), cancelled("budget"), "cancelled"),
  "thinking for long": row(
    {
      steps: [
        ...Array.from({ length: 40 }, () => [
          { do: "think", text: " hm" } as const,
          { do: "wait", ms: 25 } as const,
        ]).flat(),
        ...saying("At last.").steps,
      ],
    },
    authored("budget"),
    cancelled("budget"),
    "cancelled",
  ),
  "a disconnect that is ignored for a second": row(
    { prefillMs: 1_000, steps: saying("Late.").steps },
    authored("budget"),
    cancelled("budget"),
    "cancelled",
  ),
};
