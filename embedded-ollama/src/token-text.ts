/** A UTF-8 character spans at most four byte tokens; after that the bytes are simply not UTF-8. */
const MAX_PENDING_TOKENS = 4;
const REPLACEMENT = "\ufffd";

export type Detokenize<T> = (tokens: readonly T[], previous: readonly T[]) => string;

/** Turns tokens into text piece by piece; a character whose bytes are spread over tokens comes out whole. */
export class TokenText<T> {
  readonly #detokenize: Detokenize<T>;
  #pending: T[] = [];
  #previous: T[] = [];

  constructor(detokenize: Detokenize<T>) {
    this.#detokenize = detokenize;
  }

  push(token: T): string {
    this.#pending.push(token);
    const text = this.#detokenize(this.#pending, this.#previous);
    if (text.endsWith(REPLACEMENT) && this.#pending.length < MAX_PENDING_TOKENS) return "";
    this.#previous = this.#pending;
    this.#pending = [];
    return text;
  }

  /** What is pending when the model ends: bytes without their character, shown as U+FFFD. */
  flush(): string {
    if (this.#pending.length === 0) return "";
    const text = this.#detokenize(this.#pending, this.#previous);
    this.#pending = [];
    return text;
  }
}
