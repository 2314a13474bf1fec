import type { Down, LineEnd } from "@banterwire/protocol";

type LineBegin = Extract<Down, { kind: "lineBegin" }>;

/** What is held back of one line, in the order begin, text, end. */
export interface HeldLine {
  readonly line: number;
  readonly begin: LineBegin | undefined;
  /** Where the text starts, code points. */
  readonly offset: number;
  readonly text: string;
  readonly end: LineEnd | undefined;
}

type Writable = { -readonly [Key in keyof HeldLine]: HeldLine[Key] };

/** About what a begin or an end takes on the wire, bytes. */
const FRAME_BYTES = 64;

/** What a peer that reads slowly has to wait for: of each line one text, however it came. */
export class HeldLines {
  /** In the order in which they came; a line whose id is used again is another one. */
  readonly #held: Writable[] = [];
  readonly #open = new Map<number, Writable>();
  #bytes = 0;

  /** What it will take on the wire, about. */
  get bytes(): number {
    return this.#bytes;
  }

  begin(begin: LineBegin): void {
    this.#of(begin.line, 0).begin = begin;
    this.#bytes += FRAME_BYTES;
  }

  delta(line: number, offset: number, text: string): void {
    this.#of(line, offset).text += text;
    this.#bytes += Buffer.byteLength(text);
  }

  end(end: LineEnd): void {
    this.#of(end.line, end.length).end = end;
    this.#open.delete(end.line);
    this.#bytes += FRAME_BYTES;
  }

  /** Takes out all of it, in an order in which it may be sent. */
  takeAll(): readonly HeldLine[] {
    this.#open.clear();
    this.#bytes = 0;
    return this.#held.splice(0);
  }

  #of(line: number, offset: number): Writable {
    const open = this.#open.get(line);
    if (open) return open;
    const held = { line, begin: undefined, offset, text: "", end: undefined };
    this.#open.set(line, held);
    this.#held.push(held);
    return held;
  }
}
