import {
  advanceLine,
  type Clock,
  countCodePoints,
  type Cue,
  displayMsFor,
  LIMITS,
  type LineEnd,
  type LineEvent,
  type LineState,
  type Reason,
  type Source,
  WAITING,
} from "@banterwire/protocol";
import type { Character } from "./characters/character.ts";
import { promptFor } from "./characters/prompt.ts";
import { VisibleText } from "./characters/visible-text.ts";
import type { CancelReason, LineName, Observe } from "./happening.ts";
import { MAX_LINE_MS, MAX_LINE_TOKENS, MAX_TOKEN_GAP_MS } from "./config.ts";
import { internalDeadlineMs } from "./policy/budget.ts";
import { type LineTimes, lineSpansUs } from "./policy/spans.ts";
import {
  type Failure,
  type Generation,
  type GenerationEvents,
  TOO_LATE,
  type Upstream,
} from "./upstream/upstream.ts";

/** Where a line's messages go. */
export interface LineSink {
  begin(line: number, room: number, character: string, source: Source): void;
  delta(line: number, offset: number, text: string): void;
  end(end: LineEnd): void;
}

export interface LineParts {
  readonly cue: Cue;
  readonly character: Character;
  readonly upstream: Upstream;
  readonly clock: Clock;
  readonly sink: LineSink;
  /** The line is over; called before its end is sent. */
  readonly forget: () => void;
  /** Counted from 1 over the life of this sidecar. */
  readonly connection: number;
  readonly observe: Observe;
}

const NOWHERE = { source: "none" } as const;

type Times = { -readonly [Key in keyof Omit<LineTimes, "endedMs">]: LineTimes[Key] };

/**
 * Answers one cue: from the model if its first visible text comes before the internal deadline,
 * else with an authored line. Ends exactly once.
 */
export class SpokenLine implements GenerationEvents {
  readonly #parts: LineParts;
  readonly #giveUp = new AbortController();
  readonly #visible = new VisibleText();
  readonly #times: Times;
  #state: LineState = WAITING;
  #engine = { loadMs: 0, prefillMs: 0 };
  /** Pieces of text that the engine sent. */
  #tokens = 0;
  #isAsked = false;
  /** When visible text came last. */
  #spokeMs = 0;
  /** Stops the line's one timer: until its first text its deadline, from then on its watch. */
  #disarm: () => void = () => {};

  constructor(parts: LineParts) {
    this.#parts = parts;
    this.#times = { arrivedMs: parts.clock.nowMs() };
  }

  /** The character's id. */
  get speaker(): string {
    return this.#parts.character.id;
  }

  /** Asks the model, or speaks an authored line at once where it cannot answer. */
  start(): void {
    const { upstream, cue, character, clock, connection, observe } = this.#parts;
    if (upstream.unavailable !== undefined) return this.#fallBack("upstream");
    const deadlineMs = internalDeadlineMs(this.#times.arrivedMs, cue.remainingMs);
    this.#arm(deadlineMs - clock.nowMs(), () => this.#missDeadline());
    const asked = { character: character.id, priority: cue.priority, deadlineMs };
    const messages = promptFor(character, cue, upstream.promptStyle, (prefix) =>
      upstream.charsAfter(prefix, asked),
    );
    this.#isAsked = true;
    observe({ kind: "modelAsked", ...this.#name, character: character.id, prompt: messages });
    upstream.request({
      request: { messages, maxTokens: MAX_LINE_TOKENS, options: character.options },
      ...asked,
      room: `${connection}/${cue.room}`,
      signal: this.#giveUp.signal,
      granted: () => (this.#times.dispatchedMs = clock.nowMs()),
      refused: () => this.#fallBack("shed"),
      preempted: () => this.#makeWay(),
      events: this,
    });
  }

  /** The room gave the line up: nothing more is sent but its end. */
  withdraw(reason: "cancelled" | "superseded"): void {
    this.#abandon(reason);
    this.#end(reason);
  }

  /** The sidecar is about to stop. */
  cutShort(): void {
    this.#abandon("stopping");
    this.#breakOff("upstream");
  }

  // What its generation tells.

  sent(): void {
    this.#times.sentMs = this.#parts.clock.nowMs();
  }

  text(piece: string): void {
    const nowMs = this.#parts.clock.nowMs();
    this.#times.firstChunkMs ??= nowMs;
    this.#tokens++;
    const text = this.#visible.push(piece);
    if (text === "" || this.#state.name === "ended") return;
    const isFirst = this.#state.name === "waiting";
    this.#spokeMs = nowMs;
    if (isFirst) this.#begin("model");
    this.#say(text);
    if (isFirst) this.#watch();
  }

  done(generation: Generation): void {
    this.#engine = generation;
    if (this.#state.name === "waiting") return this.#fallBack("upstream");
    this.#end(generation.stoppedBy === "length" ? "length" : "complete");
  }

  failed(_failure: Failure): void {
    this.#breakOff("upstream");
  }

  #missDeadline(): void {
    this.#abandon(TOO_LATE);
    this.#fallBack("budget");
  }

  /**
   * Looks after a line that speaks. Text comes far more often than it stops: the timer is not set
   * anew with each piece, but asks when it fires what has come meanwhile.
   */
  #watch(): void {
    const { clock } = this.#parts;
    const dueMs = Math.min(
      this.#spokeMs + MAX_TOKEN_GAP_MS,
      (this.#times.firstVisibleMs ?? 0) + MAX_LINE_MS,
    );
    const restMs = dueMs - clock.nowMs();
    if (restMs > 0) return this.#arm(restMs, () => this.#watch());
    this.#abandon("stalled");
    this.#breakOff("upstream");
  }

  /** A cue needs its slot more. */
  #makeWay(): void {
    this.#abandon("preempted");
    this.#breakOff("shed");
  }

  /** Ends a line that cannot go on: authored while nothing is visible, in character after. */
  #breakOff(why: Reason): void {
    if (this.#state.name === "waiting") return this.#fallBack(why);
    if (this.#state.name === "ended") return;
    this.#say(this.#parts.character.closer());
    this.#end("truncated");
  }

  #fallBack(reason: Reason): void {
    if (this.#state.name !== "waiting") return;
    // Nobody waits for ambience: an authored line in its place would be noise.
    if (reason === "shed" && this.#parts.cue.priority === "ambient") return this.#end("shed");
    this.#begin("fallback");
    this.#say(this.#parts.character.fallback());
    this.#end(reason);
  }

  #begin(source: Source): void {
    const { cue, character, sink, clock } = this.#parts;
    if (!this.#advance({ name: "begin", source })) return;
    this.#times.firstVisibleMs = clock.nowMs();
    sink.begin(cue.line, cue.room, character.id, source);
  }

  #say(text: string): void {
    if (this.#state.name !== "speaking") return;
    const offset = this.#state.length;
    const room = LIMITS.MAX_LINE_CODE_POINTS - offset;
    const fitting = text.length <= room ? text : firstCodePoints(text, room);
    if (fitting !== "") {
      this.#advance({ name: "delta", offset, codePoints: countCodePoints(fitting) });
      this.#parts.sink.delta(this.#parts.cue.line, offset, fitting);
    }
    if (fitting.length === text.length) return;
    this.#abandon("length");
    this.#end("length");
  }

  /** Gives up on the model; nothing happens if it has ended. */
  #abandon(reason: CancelReason): void {
    const isUnderWay =
      this.#times.dispatchedMs !== undefined &&
      this.#state.name !== "ended" &&
      !this.#giveUp.signal.aborted;
    this.#giveUp.abort(reason);
    if (isUnderWay) this.#parts.observe({ kind: "generationCancelled", ...this.#name, reason });
  }

  #end(reason: Reason): void {
    const { clock, cue, sink, forget } = this.#parts;
    // One that has begun and said nothing came from nowhere.
    const { source } =
      this.#state.name === "speaking" && this.#state.length > 0 ? this.#state : NOWHERE;
    if (!this.#advance({ name: "end", source, reason })) return;
    this.#disarm();
    const length = this.#state.name === "ended" ? this.#state.length : 0;
    const spansUs = lineSpansUs({ ...this.#times, endedMs: clock.nowMs() }, this.#engine);
    forget();
    sink.end({
      kind: "lineEnd",
      line: cue.line,
      source,
      reason,
      length,
      displayMs: displayMsFor(length),
      spansUs,
    });
    this.#tellEnd(source, reason, spansUs);
  }

  #tellEnd(source: Source, reason: Reason, spansUs: LineEnd["spansUs"]): void {
    const { cue, character, observe } = this.#parts;
    const { arrivedMs, firstVisibleMs } = this.#times;
    observe({
      kind: "lineEnded",
      ...this.#name,
      character: character.id,
      priority: cue.priority,
      source,
      reason,
      ttftMs: firstVisibleMs === undefined ? undefined : firstVisibleMs - arrivedMs,
      queuedMs: this.#isAsked ? spansUs[0] / 1000 : undefined,
      tokens: this.#tokens,
      spansUs,
    });
  }

  get #name(): LineName {
    const { connection, cue } = this.#parts;
    return { connection, room: cue.room, line: cue.line };
  }

  #advance(event: LineEvent): boolean {
    const step = advanceLine(this.#state, event);
    if (step.step === "next") this.#state = step.state;
    return step.step === "next";
  }

  #arm(delayMs: number, callback: () => void): void {
    this.#disarm();
    // What was just sent may have been one byte too many for a slow peer, which ends everything.
    if (this.#state.name === "ended") return;
    this.#disarm = this.#parts.clock.schedule(Math.max(0, delayMs), callback);
  }
}

function firstCodePoints(text: string, count: number): string {
  if (countCodePoints(text) <= count) return text;
  return Array.from(text.slice(0, 2 * count))
    .slice(0, count)
    .join("");
}
