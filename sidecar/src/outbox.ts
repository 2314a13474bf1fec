import {
  type Clock,
  countCodePoints,
  type Down,
  LIMITS,
  type LineEnd,
  type Source,
} from "@banterwire/protocol";
import type { LineSink } from "./line.ts";

const MAX_PARTS = LIMITS.MAX_DELTAS_PER_FRAME;
/** Text of one frame, UTF-16 units: three bytes each at most, so that one delta fits in any case. */
const MAX_TEXT_UNITS = Math.floor(LIMITS.MAX_DELTA_BYTES / 3);

/**
 * How long later text waits for more of it, milliseconds. A write costs more than all else that is
 * done for a token; nobody reads so fast as to see this.
 */
export const COALESCE_MS = 4;

interface Pending {
  readonly offset: number;
  text: string;
}

/**
 * What goes to one peer. A line's first text leaves at once; later text of all lines leaves
 * together, once in a few milliseconds, pieces of one line merged.
 */
export class Outbox implements LineSink {
  readonly #clock: Clock;
  readonly #send: (message: Down) => void;
  readonly #pending = new Map<number, Pending>();
  readonly #begun = new Set<number>();
  #pendingUnits = 0;
  #flushing: (() => void) | undefined;

  constructor(clock: Clock, send: (message: Down) => void) {
    this.#clock = clock;
    this.#send = send;
  }

  begin(line: number, room: number, character: string, source: Source): void {
    this.#send({ kind: "lineBegin", line, room, character, source, scene: null });
  }

  delta(line: number, offset: number, text: string): void {
    // Nearly every piece is a token or a few.
    if (text.length <= MAX_TEXT_UNITS) return this.#put(line, offset, text);
    let at = offset;
    for (const piece of piecesOf(text)) {
      this.#put(line, at, piece);
      at += countCodePoints(piece);
    }
  }

  end(end: LineEnd): void {
    const pending = this.#pending.get(end.line);
    if (pending) {
      this.#pending.delete(end.line);
      this.#pendingUnits -= pending.text.length;
      this.#send({ kind: "delta", parts: [[end.line, pending.offset, pending.text]] });
    }
    this.#begun.delete(end.line);
    this.#send(end);
  }

  flush(): void {
    this.#flushing?.();
    this.#flushing = undefined;
    if (this.#pending.size === 0) return;
    const parts = Array.from(
      this.#pending,
      ([line, { offset, text }]): [number, number, string] => [line, offset, text],
    );
    this.#pending.clear();
    this.#pendingUnits = 0;
    this.#send({ kind: "delta", parts });
  }

  /** Nothing more is sent. */
  close(): void {
    this.#flushing?.();
    this.#flushing = undefined;
    this.#pending.clear();
  }

  #put(line: number, offset: number, text: string): void {
    if (!this.#begun.has(line)) {
      this.#begun.add(line);
      return this.#send({ kind: "delta", parts: [[line, offset, text]] });
    }
    if (this.#pendingUnits + text.length > MAX_TEXT_UNITS) this.flush();
    const pending = this.#pending.get(line);
    if (pending) pending.text += text;
    else this.#pending.set(line, { offset, text });
    this.#pendingUnits += text.length;
    if (this.#pending.size >= MAX_PARTS) return this.flush();
    this.#flushing ??= this.#clock.schedule(COALESCE_MS, () => this.flush());
  }
}

/** The text in pieces that fit into a delta, no surrogate pair cut. */
function* piecesOf(text: string): Generator<string> {
  let rest = text;
  while (rest.length > MAX_TEXT_UNITS) {
    const cutsPair = /[\ud800-\udbff]/.test(rest.charAt(MAX_TEXT_UNITS - 1));
    const length = MAX_TEXT_UNITS - (cutsPair ? 1 : 0);
    yield rest.slice(0, length);
    rest = rest.slice(length);
  }
  yield rest;
}
