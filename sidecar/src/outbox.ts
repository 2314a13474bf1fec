import {
  type Clock,
  countCodePoints,
  type Down,
  LIMITS,
  type LineEnd,
  type Source,
} from "@banterwire/protocol";
import { MAX_BUFFERED_BYTES, MAX_SLOW_MS, SLOW_AFTER_MS, SLOW_AT_BYTES } from "./config.ts";
import type { LineSink } from "./line.ts";
import { HeldLines } from "./outbox/held-lines.ts";

const MAX_PARTS = LIMITS.MAX_DELTAS_PER_FRAME;
/** Text of one frame, UTF-16 units: three bytes each at most, so that one delta fits in any case. */
const MAX_TEXT_UNITS = Math.floor(LIMITS.MAX_DELTA_BYTES / 3);

/**
 * How long later text waits for more of it, milliseconds. A write costs more than all else that is
 * done for a token; nobody reads so fast as to see this.
 */
export const COALESCE_MS = 4;

/** How often it is seen whether a peer that reads slowly has caught up. */
const LOOK_MS = 25;
/** Looks rather than time: a loop that was blocked has given its sockets no chance. */
const MAX_LOOKS = MAX_SLOW_MS / LOOK_MS;

/** The peer's end of a connection, as the outbox needs it. */
export interface Wire {
  send(message: Down): void;
  /** Bytes that were sent and that the network has not taken yet. */
  readonly waitingBytes: number;
  /** The peer has not caught up in time, or too much waits for it. */
  tooSlow(): void;
}

interface Pending {
  readonly offset: number;
  text: string;
}

type Pace =
  | { readonly name: "keeping up" }
  | { readonly name: "slow"; readonly held: HeldLines; readonly looks: number };

const KEEPING_UP: Pace = { name: "keeping up" };

/**
 * What goes to one peer. A line's first text leaves at once; later text of all lines leaves
 * together, once in a few milliseconds, pieces of one line merged. For a peer that reads slowly all
 * is merged, a text for each line, until it has read what it was sent.
 */
export class Outbox implements LineSink {
  readonly #clock: Clock;
  readonly #wire: Wire;
  readonly #pending = new Map<number, Pending>();
  readonly #begun = new Set<number>();
  #pendingUnits = 0;
  #flushing: (() => void) | undefined;
  #pace: Pace = KEEPING_UP;
  /** Since when something has waited at each send. */
  #waitingSinceMs: number | undefined;
  #stopLooking: () => void = () => {};

  constructor(clock: Clock, wire: Wire) {
    this.#clock = clock;
    this.#wire = wire;
  }

  begin(line: number, room: number, character: string, source: Source): void {
    const begin = { kind: "lineBegin", line, room, character, source, scene: null } as const;
    if (this.#keepsUp()) this.#wire.send(begin);
    else this.#hold((held) => held.begin(begin));
  }

  delta(line: number, offset: number, text: string): void {
    if (this.#pace.name === "slow") return this.#hold((held) => held.delta(line, offset, text));
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
      this.#sendText(end.line, pending.offset, pending.text);
    }
    this.#begun.delete(end.line);
    if (this.#keepsUp()) this.#wire.send(end);
    else this.#hold((held) => held.end(end));
  }

  /** Sends all that waits for more of it, and all that is held back. */
  flush(): void {
    this.#release();
    this.#unschedule();
    if (this.#pending.size === 0 || !this.#keepsUp()) return;
    const parts = Array.from(
      this.#pending,
      ([line, { offset, text }]): [number, number, string] => [line, offset, text],
    );
    this.#pending.clear();
    this.#pendingUnits = 0;
    this.#wire.send({ kind: "delta", parts });
  }

  /** Nothing more is sent. */
  close(): void {
    this.#unschedule();
    this.#stopLooking();
    this.#pending.clear();
    this.#pace = KEEPING_UP;
  }

  #put(line: number, offset: number, text: string): void {
    if (!this.#begun.has(line)) {
      this.#begun.add(line);
      return this.#sendText(line, offset, text);
    }
    if (this.#pendingUnits + text.length > MAX_TEXT_UNITS) this.flush();
    // The flush may have found out that the peer reads slowly.
    if (this.#pace.name === "slow") return this.#hold((held) => held.delta(line, offset, text));
    const pending = this.#pending.get(line);
    if (pending) pending.text += text;
    else this.#pending.set(line, { offset, text });
    this.#pendingUnits += text.length;
    if (this.#pending.size >= MAX_PARTS) return this.flush();
    this.#flushing ??= this.#clock.schedule(COALESCE_MS, () => this.flush());
  }

  #sendText(line: number, offset: number, text: string): void {
    if (this.#keepsUp()) this.#wire.send({ kind: "delta", parts: [[line, offset, text]] });
    else this.#hold((held) => held.delta(line, offset, text));
  }

  #unschedule(): void {
    this.#flushing?.();
    this.#flushing = undefined;
  }

  /** Whether the peer may be sent text now; one that is found to read slowly is told. */
  #keepsUp(): boolean {
    if (this.#pace.name === "slow") return false;
    const { waitingBytes } = this.#wire;
    if (waitingBytes === 0) {
      this.#waitingSinceMs = undefined;
      return true;
    }
    const nowMs = this.#clock.nowMs();
    this.#waitingSinceMs ??= nowMs;
    const waitedMs = nowMs - this.#waitingSinceMs;
    if (waitingBytes <= SLOW_AT_BYTES && waitedMs < SLOW_AFTER_MS) return true;
    this.#slowDown();
    return false;
  }

  #slowDown(): void {
    const held = new HeldLines();
    for (const [line, { offset, text }] of this.#pending) held.delta(line, offset, text);
    this.#pending.clear();
    this.#pendingUnits = 0;
    this.#unschedule();
    this.#pace = { name: "slow", held, looks: 0 };
    this.#lookLater();
    this.#tell(true, held.bytes);
  }

  #hold(put: (held: HeldLines) => void): void {
    if (this.#pace.name !== "slow") return;
    const { held } = this.#pace;
    put(held);
    if (this.#wire.waitingBytes + held.bytes > MAX_BUFFERED_BYTES) this.#wire.tooSlow();
  }

  #lookLater(): void {
    this.#stopLooking = this.#clock.schedule(LOOK_MS, () => this.#look());
  }

  #look(): void {
    if (this.#pace.name !== "slow") return;
    if (this.#wire.waitingBytes === 0) {
      this.#release();
      return this.#tell(false, 0);
    }
    this.#pace = { ...this.#pace, looks: this.#pace.looks + 1 };
    if (this.#pace.looks >= MAX_LOOKS) this.#wire.tooSlow();
    else this.#lookLater();
  }

  /** Sends all that was held back; from then on the peer keeps up again. */
  #release(): void {
    if (this.#pace.name !== "slow") return;
    const { held } = this.#pace;
    this.#stopLooking();
    this.#pace = KEEPING_UP;
    this.#waitingSinceMs = undefined;
    for (const { line, begin, offset, text, end } of held.takeAll()) {
      if (begin) this.#wire.send(begin);
      let at = offset;
      for (const piece of text === "" ? [] : piecesOf(text)) {
        this.#wire.send({ kind: "delta", parts: [[line, at, piece]] });
        at += countCodePoints(piece);
      }
      if (end) this.#wire.send(end);
      else if (text !== "") this.#begun.add(line);
    }
  }

  #tell(slow: boolean, heldBytes: number): void {
    const waitingBytes = this.#wire.waitingBytes + heldBytes;
    this.#wire.send({ kind: "flow", slow, waitingBytes, maxWaitingBytes: MAX_BUFFERED_BYTES });
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
