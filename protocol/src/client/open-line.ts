import type { Clock } from "../clock.ts";
import { countCodePoints } from "../code-points.ts";
import type { Priority, Reason, Source } from "../fields.ts";
import { LIMITS } from "../limits.ts";
import { advanceLine, lengthOf, type LineEvent, type LineState, WAITING } from "../line-state.ts";
import type { LineEnd } from "../messages/line-end.ts";
import { displayMsFor } from "../reading-pace.ts";
import type { Outcome } from "./hit-rates.ts";
import type { Line, LineObserver, LineResult, Speaker } from "./line.ts";

/** What a line needs of the client that keeps it. */
export interface LineHost {
  readonly clock: Clock;
  heard(line: OpenLine, player: string, offset: number): void;
  /** Tells the sidecar to stop. */
  cancelUpstream(line: OpenLine): void;
  /** The line has ended and must be forgotten. */
  ended(line: OpenLine, outcome: Outcome): void;
  trouble(why: string): void;
}

export interface LineParts {
  readonly id: number;
  readonly room: number;
  /** The nearest first. */
  readonly speakers: readonly [Speaker, ...Speaker[]];
  readonly priority: Priority;
  /** The id of the player addressed. */
  readonly player: string | undefined;
  readonly budgetMs: number;
  readonly host: LineHost;
  readonly observer: LineObserver;
  readonly signal: AbortSignal | undefined;
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
  #speaker: Speaker;
  #state: LineState = WAITING;
  #text = "";
  #ttftMs: number | undefined;
  #change: PromiseWithResolvers<void> | undefined;
  #disarm: () => void;

  constructor(parts: LineParts) {
    this.#parts = parts;
    [this.#speaker] = parts.speakers;
    this.#startedMs = parts.host.clock.nowMs();
    this.#disarm = this.#arm(Math.max(0, parts.budgetMs - CLIENT_GUARD_MS));
    parts.signal?.addEventListener("abort", this.#onAbort, { once: true });
  }

  get id(): number {
    return this.#parts.id;
  }

  get room(): number {
    return this.#parts.room;
  }

  get character(): string {
    return this.#speaker.id;
  }

  get player(): string | undefined {
    return this.#parts.player;
  }

  get budgetMs(): number {
    return this.#parts.budgetMs;
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

  heard(player: string, offset: number): void {
    this.#parts.host.heard(this, player, offset);
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

  /** Speaks an authored line in the model's place, or ends the line if it has text already. */
  fallBack(reason: Reason): void {
    if (this.#state.name === "ended") return;
    if (lengthOf(this.#state) > 0) return this.#truncate();
    this.#advance({ name: "begin", source: "fallback" });
    this.#append(this.#speaker.fallback());
    this.#finish(reason);
  }

  /** Ends a line that cannot go on in character. */
  #truncate(): void {
    const closer = this.#speaker.closer();
    const length = lengthOf(this.#state) + countCodePoints(closer);
    if (length <= LIMITS.MAX_LINE_CODE_POINTS) this.#append(closer);
    this.#finish("truncated");
  }

  /** The sidecar says who speaks, and from which source. */
  begin(source: Source, character: string): void {
    const speaker = this.#parts.speakers.find((one) => one.id === character);
    if (!speaker) return this.#breach(`${character} speaks, whom the cue did not name`);
    if (this.#advance({ name: "begin", source })) this.#speaker = speaker;
  }

  /** The sidecar sends more text. */
  delta(offset: number, text: string): void {
    if (!this.#advance({ name: "delta", offset, codePoints: countCodePoints(text) })) return;
    this.#show(text, offset);
  }

  /** The sidecar's terminal message. */
  endedUpstream(end: LineEnd): void {
    const length = lengthOf(this.#state);
    if (this.#state.name !== "ended" && end.length !== length) {
      return this.#breach(`end at ${end.length} code points, received ${length}`);
    }
    this.#finish(end.reason, end);
  }

  #append(text: string): void {
    const offset = lengthOf(this.#state);
    if (this.#advance({ name: "delta", offset, codePoints: countCodePoints(text) })) {
      this.#show(text, offset);
    }
  }

  #show(text: string, offset: number): void {
    this.#disarm();
    this.#ttftMs ??= this.elapsedMs;
    this.#text += text;
    this.#notify(() => this.#parts.observer.onText?.(text, offset, this));
    this.#wake();
  }

  #finish(reason: Reason, end?: LineEnd): void {
    const source =
      end?.source ??
      (this.#state.name === "speaking" && this.#text !== "" ? this.#state.source : "none");
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
      // The client's own deadline lies inside the budget: only a blocked loop can miss it. Within no
      // time at all nobody can speak.
      roomStall: this.#ttftMs !== undefined && this.#ttftMs > budgetMs && budgetMs > 0,
      displayMs: end?.displayMs ?? displayMsFor(countCodePoints(this.#text)),
      spansUs: end?.spansUs,
    };
  }

  #outcome(result: LineResult): Outcome {
    const { priority, budgetMs } = this.#parts;
    const { source, reason, ttftMs, roomStall } = result;
    const byRoom = source === "none" && (reason === "cancelled" || reason === "superseded");
    const withdrawn = byRoom && this.elapsedMs < budgetMs;
    const silent = reason === "silence";
    return { priority, source, ttftMs, budgetMs, withdrawn, silent, roomStall };
  }

  #advance(event: LineEvent): boolean {
    const step = advanceLine(this.#state, event);
    if (step.step === "next") this.#state = step.state;
    if (step.step === "breach") this.#breach(step.why);
    return step.step === "next";
  }

  /** The sidecar broke the rules of this line: the room hears a proper end all the same. */
  #breach(why: string): void {
    const { host } = this.#parts;
    host.trouble(`line ${this.id} of ${this.character}: ${why}`);
    host.cancelUpstream(this);
    this.fallBack("upstream");
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
    if (this.#state.name === "ended" || this.#text !== "") return;
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
