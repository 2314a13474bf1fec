import type { Priority, Source } from "../fields.ts";

/** How one cue was answered, as the room saw it. */
export interface Outcome {
  readonly priority: Priority;
  readonly source: Source;
  /** From the call to the first visible text, milliseconds; absent where none came. */
  readonly ttftMs: number | undefined;
  readonly budgetMs: number;
  /** Whether the room itself ended the line before its deadline. */
  readonly withdrawn: boolean;
  /** Whether the character chose to say nothing. */
  readonly silent: boolean;
  /** Whether the room's event loop was blocked past the deadline. */
  readonly roomStall: boolean;
}

/**
 * Counts of answered cues. The model hit rate is modelHits / cues, the any-line hit rate
 * anyHits / cues: always shown together. Ambient and withdrawn cues, and
 * silence that was chosen, are counted apart.
 */
export interface HitRates {
  readonly cues: number;
  readonly modelHits: number;
  readonly anyHits: number;
  readonly ambient: number;
  readonly withdrawn: number;
  readonly silences: number;
  readonly roomStalls: number;
}

export const NO_HITS: HitRates = {
  cues: 0,
  modelHits: 0,
  anyHits: 0,
  ambient: 0,
  withdrawn: 0,
  silences: 0,
  roomStalls: 0,
};

export function addOutcome(rates: HitRates, outcome: Outcome): HitRates {
  if (outcome.withdrawn) return { ...rates, withdrawn: rates.withdrawn + 1 };
  if (outcome.silent) return { ...rates, silences: rates.silences + 1 };
  if (outcome.priority === "ambient") return { ...rates, ambient: rates.ambient + 1 };
  const inTime = outcome.ttftMs !== undefined && outcome.ttftMs <= outcome.budgetMs;
  return {
    ...rates,
    cues: rates.cues + 1,
    modelHits: rates.modelHits + Number(inTime && outcome.source === "model"),
    anyHits: rates.anyHits + Number(inTime && outcome.source !== "none"),
    roomStalls: rates.roomStalls + Number(outcome.roomStall),
  };
}
