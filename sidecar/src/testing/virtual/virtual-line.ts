import { countCodePoints, type Priority } from "@banterwire/protocol";
import type { Line, LineObserver, LineResult } from "@banterwire/protocol/client";
import type { FakeClock } from "@banterwire/protocol/testing";

/** One cue and all that its room heard in answer. */
export class VirtualLine implements LineObserver {
  readonly startedMs: number;
  readonly budgetMs: number;
  readonly priority: Priority;
  /** Who may have spoken it. */
  readonly candidates: readonly string[];
  readonly #clock: FakeClock;
  readonly #ends: LineResult[] = [];
  readonly #breaches: string[] = [];
  #text = "";
  #firstMs: number | undefined;
  #endedMs: number | undefined;
  /** The room gave it up, in one of the ways that a room has. */
  isWithdrawn = false;
  /** Set by the room, which asked for it. */
  line: Line | undefined;

  constructor(
    clock: FakeClock,
    cue: {
      readonly budgetMs: number;
      readonly priority: Priority;
      readonly candidates: readonly string[];
    },
  ) {
    this.#clock = clock;
    this.startedMs = clock.nowMs();
    this.budgetMs = cue.budgetMs;
    this.priority = cue.priority;
    this.candidates = cue.candidates;
  }

  get end(): LineResult | undefined {
    return this.#ends[0];
  }

  get firstMs(): number | undefined {
    return this.#firstMs;
  }

  get isInTime(): boolean {
    return this.#firstMs !== undefined && this.#firstMs - this.startedMs <= this.budgetMs;
  }

  /** By the rule of the hit rates: ended by the room without text, before its deadline. */
  get countsAsWithdrawn(): boolean {
    const { end } = this;
    const byRoom = end?.reason === "cancelled" || end?.reason === "superseded";
    return byRoom && end.source === "none" && (this.#endedMs ?? 0) - this.startedMs < this.budgetMs;
  }

  onText(text: string, offset: number): void {
    this.#firstMs ??= this.#clock.nowMs();
    if (this.#ends.length > 0) this.#breaches.push(`text after the end: ${text}`);
    const expected = countCodePoints(this.#text);
    if (offset !== expected) this.#breaches.push(`text at ${offset}, expected at ${expected}`);
    this.#text += text;
  }

  onEnd(result: LineResult): void {
    this.#endedMs ??= this.#clock.nowMs();
    this.#ends.push(result);
  }

  /** What is wrong with it so far. */
  get breaches(): readonly string[] {
    const twice = this.#ends.length > 1 ? [`${this.#ends.length} ends`] : [];
    return [...this.#breaches, ...twice];
  }

  /**
   * What is wrong with it once all is over.
   * @param isNear the sidecar's answers arrive within milliseconds, so that it must come first
   */
  verdict(
    isNear: boolean,
    wasBlocked: (fromMs: number, toMs: number) => boolean,
  ): readonly string[] {
    const { end } = this;
    if (!end) return ["it never ended"];
    const wrong = [...this.breaches];
    if (end.text !== this.#text) wrong.push(`it tells "${end.text}", heard was "${this.#text}"`);
    if (this.#firstMs === undefined) {
      if (end.source !== "none") wrong.push(`source ${end.source} without text`);
      const isShedAmbience = this.priority === "ambient" && end.reason === "shed";
      if (!this.isWithdrawn && !isShedAmbience)
        wrong.push(`ended in silence (${end.reason}) although nobody wished it`);
      return wrong;
    }
    const ttftMs = this.#firstMs - this.startedMs;
    if (end.source === "none") wrong.push("source none with text");
    if (end.ttftMs !== ttftMs) wrong.push(`it tells a TTFT of ${end.ttftMs}, measured ${ttftMs}`);
    if (end.roomStall === this.isInTime) wrong.push(`room stall ${end.roomStall} at ${ttftMs} ms`);
    if (wasBlocked(this.startedMs, this.#firstMs)) return wrong;
    if (!this.isInTime) wrong.push(`first text after ${ttftMs} ms of ${this.budgetMs} ms`);
    const spokeForItself = end.reason === "budget" && end.spansUs === undefined && ttftMs > 0;
    if (isNear && spokeForItself)
      wrong.push("the room heard its own fallback before the sidecar's");
    return wrong;
  }
}
