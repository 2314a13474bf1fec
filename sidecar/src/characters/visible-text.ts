/**
 * Turns a model's tokens into what players may see: no control characters, no line breaks, no
 * space in front, no half of a surrogate pair (two halves in two tokens would be counted as two
 * code points and read as one). Holds nothing back.
 */
export class VisibleText {
  #begun = false;

  push(token: string): string {
    const flat = token.toWellFormed().replace(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, " ");
    const text = this.#begun ? flat : flat.trimStart();
    if (text !== "") this.#begun = true;
    return text;
  }
}
