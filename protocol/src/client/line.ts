import type { Reason, Source } from "../fields.ts";
import type { LineState } from "../line-state.ts";
import type { LineEnd } from "../messages/line-end.ts";

/** What became of a line. */
export interface LineResult {
  readonly source: Source;
  readonly reason: Reason;
  readonly text: string;
  /** From the call to the first visible text, milliseconds; undefined where none came. */
  readonly ttftMs: number | undefined;
  readonly budgetMs: number;
  /** Whether this process's event loop was blocked past the deadline, which made it a miss. */
  readonly roomStall: boolean;
  /** How long to show the line, milliseconds. */
  readonly displayMs: number;
  /** The sidecar's spans, microseconds; undefined where the line ended without its word. */
  readonly spansUs: LineEnd["spansUs"] | undefined;
}

/**
 * One utterance, as it comes. Iterating yields its text in pieces; leaving the loop cancels the
 * line, at the model too. It never throws: a line that cannot come from the model is authored.
 */
export interface Line extends AsyncIterable<string> {
  readonly id: number;
  /** The character who speaks: the nearest candidate until another one begins. */
  readonly character: string;
  readonly state: LineState;
  /** The visible text so far. */
  readonly text: string;
  /** Resolves once, when the line has ended; never rejects. */
  readonly ended: Promise<LineResult>;
  /** Ends the line now; nothing happens if it has ended. */
  cancel(): void;
  /**
   * Reports that a player has received the line up to `offset`, in code points; may be called after
   * its end. Reports made while the connection is lost are sent when it is resumed; others are lost.
   */
  heard(player: string, offset: number): void;
}

export interface LineObserver {
  /** More text; `offset` is where it starts, in code points. */
  onText?(text: string, offset: number, line: Line): void;
  onEnd?(result: LineResult, line: Line): void;
}

/** Who may speak a line, with the words to speak where the model's do not come. */
export interface Speaker {
  readonly id: string;
  fallback(): string;
  closer(): string;
}
