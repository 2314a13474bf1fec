import type { ErrorMessage, LineEnd } from "@banterwire/protocol";
import { MAX_LOGGED_ENDS, MAX_LOGGED_TEXT_UNITS } from "../config.ts";
import type { LineSink } from "../line.ts";

/** How a line ended for the client. */
export type Terminal = LineEnd | ErrorMessage;

/** All that was said of a line, for a client that may have missed some of it. */
export interface LoggedLine {
  readonly begin: Parameters<LineSink["begin"]> | undefined;
  readonly text: string;
  readonly terminal: Terminal | undefined;
}

type Writable = { -readonly [Key in keyof LoggedLine]: LoggedLine[Key] } & { endedMs: number };

/**
 * What a session's lines have said: of those that are open, and of those that have ended while the
 * client may not know it yet. Bounded: the oldest that have ended are forgotten first; where the
 * open ones alone are too many, all are, and the log is not whole until those have ended.
 */
export class LineLog {
  readonly #keepEndedMs: number;
  readonly #open = new Map<number, Writable>();
  /** In the order in which they ended. */
  readonly #ended = new Map<number, Writable>();
  /** Open lines of which text was forgotten. */
  readonly #forgotten = new Set<number>();
  #units = 0;

  /** @param keepEndedMs how long after its end a line may still be asked for */
  constructor(keepEndedMs: number) {
    this.#keepEndedMs = keepEndedMs;
  }

  /** Whether every open line is here with all that it has said. */
  get isWhole(): boolean {
    return this.#forgotten.size === 0;
  }

  /** UTF-16 units of text. */
  get textUnits(): number {
    return this.#units;
  }

  get(line: number): LoggedLine | undefined {
    return this.#open.get(line) ?? this.#ended.get(line);
  }

  begin(...begin: Parameters<LineSink["begin"]>): void {
    this.#open.set(begin[0], { begin, text: "", terminal: undefined, endedMs: 0 });
  }

  delta(line: number, text: string): void {
    const logged = this.#open.get(line);
    if (!logged) return;
    logged.text += text;
    this.#units += text.length;
    while (this.#units > MAX_LOGGED_TEXT_UNITS && this.#forgetOldest());
    if (this.#units > MAX_LOGGED_TEXT_UNITS) this.#forgetOpen();
  }

  end(line: number, terminal: Terminal, nowMs: number): void {
    for (const [ended, { endedMs }] of this.#ended) {
      if (endedMs + this.#keepEndedMs > nowMs) break;
      this.forget(ended);
    }
    this.forget(line);
    const logged = this.#open.get(line) ?? { begin: undefined, text: "", endedMs: 0 };
    this.#open.delete(line);
    if (this.#forgotten.delete(line)) return;
    this.#ended.set(line, { ...logged, terminal, endedMs: nowMs });
    if (this.#ended.size > MAX_LOGGED_ENDS) this.#forgetOldest();
  }

  /** The client knows how the line ended, or uses its id again. */
  forget(line: number): void {
    this.#units -= this.#ended.get(line)?.text.length ?? 0;
    this.#ended.delete(line);
  }

  #forgetOldest(): boolean {
    const [oldest] = this.#ended.keys();
    if (oldest !== undefined) this.forget(oldest);
    return oldest !== undefined;
  }

  #forgetOpen(): void {
    for (const line of this.#open.keys()) this.#forgotten.add(line);
    this.#open.clear();
    this.#units = 0;
  }
}
