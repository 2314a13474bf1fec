import { randomFillSync } from "node:crypto";

/** Drawn at once: a draw of one takes as long as all else that begins a session. */
const SECRETS_PER_DRAW = 64;

/** Random bytes that nobody can guess, of one length; each is given out once. */
export class Secrets {
  readonly #bytesEach: number;
  readonly #drawn: Uint8Array;
  #at: number;

  constructor(bytesEach: number) {
    this.#bytesEach = bytesEach;
    this.#drawn = new Uint8Array(bytesEach * SECRETS_PER_DRAW);
    this.#at = this.#drawn.length;
  }

  next(): Uint8Array {
    if (this.#at === this.#drawn.length) {
      randomFillSync(this.#drawn);
      this.#at = 0;
    }
    const end = this.#at + this.#bytesEach;
    // A copy: whoever has one is not to have the next ones behind it.
    const secret = this.#drawn.slice(this.#at, end);
    this.#at = end;
    return secret;
  }
}
