/**
 * Splits a stream of bytes into lines. TCP cuts anywhere, inside a UTF-8 sequence too, so lines
 * are found in bytes and decoded whole.
 */
export class LineSplitter {
  readonly #maxLineBytes: number;
  readonly #onLine: (line: string) => void;
  #held: Buffer[] = [];
  #heldBytes = 0;

  constructor(maxLineBytes: number, onLine: (line: string) => void) {
    this.#maxLineBytes = maxLineBytes;
    this.#onLine = onLine;
  }

  /** @returns false if a line is longer than the bound: nothing after it can be trusted. */
  push(chunk: Buffer): boolean {
    let start = 0;
    for (;;) {
      const end = chunk.indexOf(0x0a, start);
      if (end === -1) break;
      if (this.#heldBytes === 0 && end - start <= this.#maxLineBytes) {
        if (end > start) this.#onLine(chunk.toString("utf8", start, end));
      } else {
        if (!this.#hold(chunk.subarray(start, end))) return false;
        this.flush();
      }
      start = end + 1;
    }
    return this.#hold(chunk.subarray(start));
  }

  /** Hands on a last line that no line break ends. */
  flush(): void {
    if (this.#heldBytes === 0) return;
    const line = this.#held.length === 1 ? this.#held[0]! : Buffer.concat(this.#held);
    this.#held = [];
    this.#heldBytes = 0;
    this.#onLine(line.toString("utf8"));
  }

  #hold(part: Buffer): boolean {
    if (part.length === 0) return true;
    this.#heldBytes += part.length;
    if (this.#heldBytes > this.#maxLineBytes) return false;
    this.#held.push(part);
    return true;
  }
}
