import type { Priority } from "../fields.ts";
import type { CharacterRegister } from "../messages/character-register.ts";
import { AuthoredLines } from "./authored.ts";
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
  /** An open line that this one replaces. */
  readonly supersedes?: Line;
  /** Cancels the line. */
  readonly signal?: AbortSignal;
}

/** A room of the game: its characters, and what they say. */
export interface Room {
  readonly worldKey: string;
  /**
   * Makes a character known.
   * @throws ProtocolError that names the field which the sidecar would refuse.
   */
  register(character: Character): void;
  /** Asks for a line; returns at once and never throws. */
  say(character: string, cue: Cue): Line;
  /** Cancels the room's lines and forgets it. */
  close(): void;
}

const DEFAULT_FALLBACK = "Hm.";
const DEFAULT_CLOSER = "…";

/** A registered character with its authored lines. */
export class RoomCharacter {
  readonly registration: CharacterRegister;
  readonly #fallbacks: AuthoredLines;
  readonly #closers: AuthoredLines;

  constructor(registration: CharacterRegister, random: () => number) {
    this.registration = registration;
    this.#fallbacks = new AuthoredLines(registration.fallbacks, random);
    this.#closers = new AuthoredLines(registration.closers, random);
  }

  fallback(): string {
    return this.#fallbacks.next() ?? DEFAULT_FALLBACK;
  }

  closer(): string {
    return this.#closers.next() ?? DEFAULT_CLOSER;
  }
}
