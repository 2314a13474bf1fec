/** Of English in most vocabularies; what is learnt takes its place. */
const PRIOR_CHARS_PER_TOKEN = 4;
const PRIOR_TOKENS = 64;
/** Tokens after which what was learnt earlier has faded to a third. */
const MEMORY_TOKENS = 10_000;
const MIN_CHARS_PER_TOKEN = 0.5;
const MAX_CHARS_PER_TOKEN = 16;

/** How many tokens a text has, from its length: the ratio is learnt from what the engine counts. */
export class TokenRatio {
  #chars = PRIOR_CHARS_PER_TOKEN * PRIOR_TOKENS;
  #tokens = PRIOR_TOKENS;

  get charsPerToken(): number {
    const ratio = this.#chars / this.#tokens;
    return Math.min(MAX_CHARS_PER_TOKEN, Math.max(MIN_CHARS_PER_TOKEN, ratio));
  }

  tokensIn(chars: number): number {
    return chars / this.charsPerToken;
  }

  /** The engine counted so many tokens in a prompt of so many characters. */
  learn(chars: number, tokens: number): void {
    if (!(chars > 0) || !(tokens > 0)) return;
    // More than any vocabulary makes of it would count for everything from then on.
    const counted = Math.min(tokens, chars / MIN_CHARS_PER_TOKEN);
    const kept = Math.exp(-counted / MEMORY_TOKENS);
    this.#chars = this.#chars * kept + chars;
    this.#tokens = this.#tokens * kept + counted;
  }
}
