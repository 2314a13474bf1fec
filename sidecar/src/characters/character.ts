import type { CharacterRegister, CharacterUpdate } from "@banterwire/protocol";
import type { Card } from "../config/card.ts";
import type { Options } from "../config/model-options.ts";

/** One character of one room, with its authored lines dealt in turn. */
export class Character {
  readonly id: string;
  readonly name: string;
  readonly persona: string;
  /** Of the model, for this character's lines. */
  readonly options: Options | undefined;
  readonly #fallbacks: readonly string[];
  readonly #closers: readonly string[];
  #dealt = 0;

  /** @param card takes the place of what the room registered, but for the name */
  constructor(registration: CharacterRegister | CharacterUpdate, card?: Card) {
    const { persona, fallbacks } = card ?? registration;
    this.id = registration.character;
    this.name = registration.name;
    this.persona = persona;
    this.options = card?.options;
    this.#fallbacks = fallbacks;
    this.#closers = card?.closers ?? registration.closers;
  }

  /** An authored line; never the same twice in a row where there are two. */
  fallback(): string {
    return this.#fallbacks[this.#dealt++ % this.#fallbacks.length] ?? "…";
  }

  /** An authored end for a line that cannot go on. */
  closer(): string {
    return this.#closers[this.#dealt++ % this.#closers.length] ?? "…";
  }
}
