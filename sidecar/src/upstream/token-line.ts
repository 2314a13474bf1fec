/**
 * A token as Ollama's server writes it, key by key. A quotation mark, a backslash or a control
 * character ends the match: with none of them inside, what is between two marks is the text.
 */
const TOKEN_LINE =
  /^\{"model":"[^"\\\p{Cc}]*","created_at":"[^"\\\p{Cc}]*","message":\{"role":"assistant","content":"([^"\\\p{Cc}]*)"\},"done":false\}$/u;

/**
 * The text of a line that is one token and nothing else; undefined for any other line, which
 * `JSON.parse` must read. Nearly every line is such a token, and this reads it in half the time.
 */
export function plainTokenIn(line: string): string | undefined {
  return TOKEN_LINE.exec(line)?.[1];
}
