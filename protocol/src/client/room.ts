import type { Priority } from "../fields.ts";
import type { Line, LineObserver } from "./line.ts";

/** A character as a game describes it. */
export interface Character {
  readonly id: string;
  /** The name that players see. */
  readonly name: string;
  /** Who the character is, as the model reads it. */
  readonly persona: string;
  /** Authored lines for when the model cannot answer in time; at least one. */
  readonly fallbacks: readonly [string, ...string[]];
  /** Authored ends for lines that cannot go on. */
  readonly closers?: readonly string[];
}

/** A character that may answer a cue. */
export interface Candidate {
  readonly character: string;
  /** From what happened to the character, centimetres. */
  readonly distanceCm: number;
  /** How much the character attends to what happened, 0 to 255; 255 unless said otherwise. */
  readonly attention?: number;
}

/** What happened, and for whom. Give `said`, `event`, or both. */
export interface Cue extends LineObserver {
  /** The player addressed; the id is the game's stable one, not a session's. */
  readonly player?: { readonly id: string; readonly name: string };
  /** What that player said. */
  readonly said?: string;
  /** What happened, in the game's words. */
  readonly event?: string;
  /** Facts that hold now, in the game's words. */
  readonly context?: readonly string[];
  /** `reply` where a player spoke, else `nearby`, unless said otherwise. */
  readonly priority?: Priority;
  /** From this call to the first visible text, milliseconds. */
  readonly ttftBudgetMs?: number;
  /** An open line of this room that this one replaces; one that answers another player stays. */
  readonly supersedes?: Line;
  /** Cancels the line. */
  readonly signal?: AbortSignal;
}

/** A room of the game: its characters, and what they say. */
export interface Room {
  readonly worldKey: string;
  /**
   * Makes a character known; one that is known is replaced.
   * @throws ProtocolError that names the field which the sidecar would refuse.
   */
  register(character: Character): void;
  /**
   * Replaces all of a registered character; lines that are open keep what they began with.
   * @throws ProtocolError with `unknown_character`, or that names the field which is wrong.
   */
  update(character: Character): void;
  /** Drops a character and cancels the lines that it speaks; an unknown one is no error. */
  forget(character: string): void;
  /**
   * Asks for a line; returns at once and never throws. Of several candidates the sidecar chooses
   * who speaks, and the nearest one does where it cannot. The nearest 16 are asked.
   */
  say(character: string | readonly Candidate[], cue: Cue): Line;
  /** Cancels the room's lines and forgets it. */
  close(): void;
}
