import type { CharacterRegister, CharacterUpdate } from "@banterwire/protocol";

/** One character of one room, with its authored lines dealt in turn. */
export class Character {
  readonly id: string;
  readonly name: string;
  readonly persona: string;
  readonly #fallbacks: readonly string[];
  readonly #closers: readonly string[];
  #dealt = 0;

  constructor(registration: CharacterRegister | CharacterUpdate) {
    this.id = registration.character;
    this.name = registration.name;
    this.persona = registration.persona;
    this.#fallbacks = registration.fallbacks;
    this.#closers = registration.closers;
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
