import type { CharacterRegister } from "../messages/character-register.ts";
import { AuthoredLines } from "./authored.ts";
import type { Speaker } from "./line.ts";
import type { Character } from "./room.ts";

const DEFAULT_FALLBACK = "…";
const DEFAULT_CLOSER = "…";

/** A registered character with its authored lines. */
export class RoomCharacter implements Speaker {
  readonly registration: CharacterRegister;
  /** Whether the sidecar was told of it, within the number of characters that it allows. */
  announced = false;
  readonly #fallbacks: AuthoredLines;
  readonly #closers: AuthoredLines;

  constructor(registration: CharacterRegister, random: () => number) {
    this.registration = registration;
    this.#fallbacks = new AuthoredLines(registration.fallbacks, random);
    this.#closers = new AuthoredLines(registration.closers, random);
  }

  get id(): string {
    return this.registration.character;
  }

  fallback(): string {
    return this.#fallbacks.next() ?? DEFAULT_FALLBACK;
  }

  closer(): string {
    return this.#closers.next() ?? DEFAULT_CLOSER;
  }
}

/** Speaks for a character that was never registered: the line ends properly all the same. */
export function stranger(id: string): Speaker {
  return { id, fallback: () => DEFAULT_FALLBACK, closer: () => DEFAULT_CLOSER };
}

export function registrationOf(room: number, character: Character): CharacterRegister {
  return {
    kind: "characterRegister",
    room,
    character: character.id,
    name: character.name,
    persona: character.persona,
    fallbacks: [...character.fallbacks],
    closers: [...(character.closers ?? [])],
  };
}
