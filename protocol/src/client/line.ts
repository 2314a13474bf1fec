import type { Clock } from "../clock.ts";
import { countCodePoints } from "../code-points.ts";
import type { Priority, Reason, Source } from "../fields.ts";
import { advanceLine, type LineEvent, type LineState, WAITING } from "../line-state.ts";
import type { LineEnd } from "../messages/line-end.ts";
import { displayMsFor } from "../reading-pace.ts";
import type { Outcome } from "./hit-rates.ts";

/** What became of a line. */
export interface LineResult {
  readonly source: Source;
  readonly reason: Reason;
  readonly text: string;
  /** From the call to the first visible text, milliseconds; undefined where none came. */
  readonly ttftMs: number | undefined;
  readonly budgetMs: number;
  /** Whether this process's event loop was blocked past the deadline, which made it a miss. */
  readonly roomStall: boolean;
  /** How long to show the line, milliseconds. */
  readonly displayMs: number;
  /** The sidecar's spans, microseconds; undefined where the line ended without its word. */
  readonly spansUs: LineEnd["spansUs"] | undefined;
}

/**
 * One utterance, as it comes. Iterating yields its text in pieces; leaving the loop cancels the
 * line, at the model too. It never throws: a line that cannot come from the model is authored.
 */
export interface Line extends AsyncIterable<string> {
  readonly id: number;
  /** The character who speaks. */
  readonly character: string;
  readonly state: LineState;
  /** The visible text so far. */
  readonly text: string;
  /** Resolves once, when the line has ended; never rejects. */
  readonly ended: Promise<LineResult>;
  /** Ends the line now; nothing happens if it has ended. */
  cancel(): void;
}

export interface LineObserver {
  /** More text; `offset` is where it starts, in code points. */
  onText?(text: string, offset: number, line: Line): void;
  onEnd?(result: LineResult, line: Line): void;
}

/** What a line needs of the client that keeps it. */
export interface LineHost {
  readonly clock: Clock;
  /** Tells the sidecar to stop. */
  cancelUpstream(line: Line): void;
  /** The line has ended and must be forgotten. */
  ended(line: Line, outcome: Outcome): void;
  trouble(why: string): void;
}

export interface LineParts {
  readonly id: number;
  readonly character: string;
  readonly priority: Priority;
  readonly budgetMs: number;
  readonly host: LineHost;
  readonly observer: LineObserver;
  readonly signal: AbortSignal | undefined;
  fallback(): string;
  closer(): string;
}

/**
 * How long before the budget's end the client speaks its own fallback: later than the sidecar's,
 * and early enough for a timer that fires late under load.
 */
export const CLIENT_GUARD_MS = 10;

/** A line the client still owes an end. */
export class OpenLine implements Line {
  readonly #parts: LineParts;
  readonly #startedMs: number;
  readonly #end = Promise.withResolvers<LineResult>();
  readonly #onAbort = (): void => this.cancel();
  #state: LineState = WAITING;
  #text = "";
  #ttftMs: number | undefined;
  #change: PromiseWithResolvers<void> | undefined;
  #disarm: () => void;

  constructor(parts: LineParts) {
    this.#parts = parts;
    this.#startedMs = parts.host.clock.nowMs();
    this.#disarm = this.#arm(Math.max(0, parts.budgetMs - CLIENT_GUARD_MS));
    parts.signal?.addEventListener("abort", this.#onAbort, { once: true });
  }

  get id(): number {
    return this.#parts.id;
  }

  get character(): string {
    return this.#parts.character;
  }

  get state(): LineState {
    return this.#state;
  }

  get text(): string {
    return this.#text;
  }

  get ended(): Promise<LineResult> {
    return this.#end.promise;
  }

  get elapsedMs(): number {
    return this.#parts.host.clock.nowMs() - this.#startedMs;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<string> {
    let shown = 0;
    try {
      for (;;) {
        if (shown < this.#text.length) {
          const piece = this.#text.slice(shown);
          shown = this.#text.length;
          yield piece;
        } else if (this.#state.name === "ended") {
          return;
        } else {
          this.#change ??= Promise.withResolvers();
          await this.#change.promise;
        }
      }
    } finally {
      this.cancel();
    }
  }

  cancel(): void {
    this.withdraw("cancelled");
  }

  /** The room ends the line: what was visible of it stays. */
  withdraw(reason: "cancelled" | "superseded"): void {
    if (this.#state.name === "ended") return;
    this.#parts.host.cancelUpstream(this);
    this.#finish(reason);
  }

  /** Speaks an authored line in the model's place; only while nothing is visible. */
  fallBack(reason: Reason): void {
    if (this.#state.name === "ended") return;
    if (this.#state.name === "speaking") return this.truncate();
    this.begin("fallback");
    this.#append(this.#parts.fallback());
    this.#finish(reason);
  }

  /** Ends a line that cannot go on: in character if it has begun, authored if it has not. */
  truncate(): void {
    if (this.#state.name === "ended") return;
    if (this.#state.name === "waiting" || this.#text === "") return this.fallBack("upstream");
    this.#append(this.#parts.closer());
    this.#finish("truncated");
  }

  begin(source: Source): void {
    this.#advance({ name: "begin", source });
  }

  delta(offset: number, text: string): void {
    if (!this.#advance({ name: "delta", offset, codePoints: countCodePoints(text) })) return;
    this.#disarm();
    this.#ttftMs ??= this.elapsedMs;
    this.#text += text;
    this.#notify(() => this.#parts.observer.onText?.(text, offset, this));
    this.#wake();
  }

  /** The sidecar's terminal message. */
  endedUpstream(end: LineEnd): void {
    this.#finish(end.reason, end);
  }

  #append(text: string): void {
    if (this.#state.name === "speaking") this.delta(this.#state.length, text);
  }

  #finish(reason: Reason, end?: LineEnd): void {
    const source = end?.source ?? (this.#state.name === "speaking" ? this.#state.source : "none");
    if (!this.#advance({ name: "end", source, reason })) return;
    this.#disarm();
    this.#parts.signal?.removeEventListener("abort", this.#onAbort);
    const result = this.#result(reason, source, end);
    this.#parts.host.ended(this, this.#outcome(result));
    this.#end.resolve(result);
    this.#notify(() => this.#parts.observer.onEnd?.(result, this));
    this.#wake();
  }

  #result(reason: Reason, source: Source, end: LineEnd | undefined): LineResult {
    const { budgetMs } = this.#parts;
    return {
      source,
      reason,
      text: this.#text,
      ttftMs: this.#ttftMs,
      budgetMs,
      // The client's own deadline lies inside the budget: only a blocked loop can miss it.
      roomStall: this.#ttftMs !== undefined && this.#ttftMs > budgetMs,
      displayMs: end?.displayMs ?? displayMsFor(countCodePoints(this.#text)),
      spansUs: end?.spansUs,
    };
  }

  #outcome(result: LineResult): Outcome {
    const { priority, budgetMs } = this.#parts;
    const withdrawn = result.source === "none" && this.elapsedMs < budgetMs;
    const { source, ttftMs, roomStall } = result;
    return { priority, source, ttftMs, budgetMs, withdrawn, roomStall };
  }

  #advance(event: LineEvent): boolean {
    const step = advanceLine(this.#state, event);
    if (step.step === "next") this.#state = step.state;
    if (step.step === "breach") {
      const { host } = this.#parts;
      host.trouble(`line ${this.id} of ${this.character}: ${step.why}`);
      host.cancelUpstream(this);
      this.truncate();
    }
    return step.step === "next";
  }

  #arm(delayMs: number): () => void {
    const { clock } = this.#parts.host;
    const dueMs = clock.nowMs() + delayMs;
    return clock.schedule(delayMs, () => {
      const latenessMs = clock.nowMs() - dueMs;
      if (latenessMs <= CLIENT_GUARD_MS) return this.#miss();
      // The loop was blocked: text may be waiting in the socket, and is better late than ours.
      this.#disarm = clock.schedule(0, () => this.#miss());
    });
  }

  #miss(): void {
    if (this.#state.name !== "waiting") return;
    this.#parts.host.cancelUpstream(this);
    this.fallBack("budget");
  }

  #notify(callback: () => void): void {
    try {
      callback();
    } catch (error) {
      this.#parts.host.trouble(`a line's observer threw: ${String(error)}`);
    }
  }

  #wake(): void {
    this.#change?.resolve();
    this.#change = undefined;
  }
}
