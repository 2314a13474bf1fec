import type { Reason, Source } from "@banterwire/protocol";
import type { Mood } from "./moods.ts";

/** What follows from a mood that one cue of a warm engine meets, with the default budget. */
export interface Outcome {
  /** What the room's line ends with; one of source `fallback` is authored. */
  readonly source: Source;
  readonly reason: Reason;
  /** The model's words in it. A line that is `truncated` has one of its closers after them. */
  readonly words: string;
  /** The series of `/metrics` that tells the operator why, beside `banterwire_lines_total`. */
  readonly metric: string | undefined;
  /** How the engine sees the generation end: by its own doing, or because its client went away. */
  readonly engine: "done" | "cancelled";
  /** Whether the slot is free at once, or held until the engine must have noticed. */
  readonly slot: "free" | "held";
}

const WORDS = "Mind the";
const MANY_BYTES = "Ein Bärenhunger! 🐻 Käse?";

const failed = (kind: string): string => `banterwire_generation_failures_total{failure="${kind}"}`;

function complete(words: string): Outcome {
  const line = { source: "model", reason: "complete", words } as const;
  return { ...line, metric: undefined, engine: "done", slot: "free" };
}

function truncated(metric: string, engine: Outcome["engine"] = "done"): Outcome {
  const line = { source: "model", reason: "truncated", words: WORDS } as const;
  return { ...line, metric, engine, slot: "free" };
}

/** It would not, and said so. */
function refused(metric?: string): Outcome {
  const line = { source: "fallback", reason: "upstream", words: "" } as const;
  return { ...line, metric, engine: "done", slot: "free" };
}

/** The time to first token was up. */
function late(slot: Outcome["slot"]): Outcome {
  const line = { source: "fallback", reason: "budget", words: "" } as const;
  return {
    ...line,
    metric: 'banterwire_cancels_total{reason="budget"}',
    engine: "cancelled",
    slot,
  };
}

export const OUTCOMES: Readonly<Record<Mood, Outcome>> = {
  plain: complete(MANY_BYTES),
  splitAnywhere: complete(MANY_BYTES),
  merged: complete(MANY_BYTES),
  trickle: complete("Mind the step."),
  emptyFirstTokens: complete(WORDS),
  thinking: complete(WORDS),
  doubleDone: complete(WORDS),
  textAfterDone: complete(WORDS),
  // A second after its end it is closed.
  doneWithoutEnd: { ...complete(WORDS), engine: "cancelled" },

  stallMidLine: truncated('banterwire_cancels_total{reason="stalled"}', "cancelled"),
  deathMidLine: truncated(failed("ended-early")),
  endWithoutDone: truncated(failed("ended-early")),
  errorLineMidLine: truncated(failed("engine")),
  garbageMidLine: truncated(failed("protocol")),
  hugeLine: truncated(failed("protocol"), "cancelled"),

  overloaded: refused(failed("status")),
  crashed: refused(failed("status")),
  silentFailure: refused(failed("status")),
  modelMissing: refused(failed("status")),
  htmlPage: refused(failed("protocol")),
  garbage: refused(failed("protocol")),
  errorLine: refused(failed("engine")),
  emptyBody: refused(failed("ended-early")),
  deathBeforeText: refused(failed("connect")),
  doneWithoutText: refused(),

  // Those that were given up before their first chunk may still be at work.
  slowFirstToken: late("held"),
  blackHole: late("held"),
  deaf: late("held"),
  longThinking: late("free"),
};
