import { type Mood, MOODS, type Outcome, OUTCOMES, type Reply } from "@banterwire/sidecar/testing";

export const FALLBACK = "One moment.";
export const CLOSER = " - but I talk too much.";

/** A mood that one cue meets on a warm engine, and what the room hears of it. */
export interface MoodRow extends Outcome {
  readonly reply: Reply;
  readonly text: string;
}

function rowOf(mood: Mood): MoodRow {
  const outcome = OUTCOMES[mood];
  const { source, reason, words } = outcome;
  const text = source === "fallback" ? FALLBACK : words + (reason === "truncated" ? CLOSER : "");
  return { ...outcome, reply: MOODS[mood], text };
}

export const MOOD_ROWS = (Object.keys(MOODS) as Mood[]).map((mood) => [mood, rowOf(mood)] as const);
