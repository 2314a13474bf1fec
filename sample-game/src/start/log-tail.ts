const MAX_LINES = 40;
const MAX_LINE_LENGTH = 400;

/** The last lines of a child's output, kept for the case that it crashes. */
export class LogTail {
  readonly #lines: string[] = [];
  #rest = "";

  add(chunk: string): void {
    const lines = (this.#rest + chunk).split("\n");
    this.#rest = (lines.pop() ?? "").slice(0, MAX_LINE_LENGTH);
    for (const line of lines) this.#lines.push(line.slice(0, MAX_LINE_LENGTH));
    this.#lines.splice(0, this.#lines.length - MAX_LINES);
  }

  get lines(): readonly string[] {
    return [...this.#lines, this.#rest].filter((line) => line.trim() !== "");
  }
}
