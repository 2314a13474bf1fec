import { isUtf8 } from "node:buffer";
import { LIMITS } from "./limits.ts";
import { type Delta, delta } from "./messages/delta.ts";

/*
 * Text is nearly all that a connection carries, so delta frames have a way of their own past the
 * general packer and the schema. It reads and writes plain frames alone; whatever else is a delta,
 * or is wrong, is left to the general way, whose answer it never contradicts.
 */

type Parts = Delta["parts"];

/** Reads a delta frame that is sound; undefined where the general way must look at it. */
export function readDelta(bytes: Uint8Array): Delta | undefined {
  if (bytes[0] !== 0x92 || bytes[1] !== delta.type || bytes.length > LIMITS.MAX_FRAME_BYTES) {
    return undefined;
  }
  const cursor = new Cursor(bytes, 2);
  const count = cursor.arrayLength();
  if (count === undefined || count < 1 || count > LIMITS.MAX_DELTAS_PER_FRAME) return undefined;
  const parts: Parts = [];
  for (let index = 0; index < count; index++) {
    if (cursor.byte() !== 0x93) return undefined;
    const line = cursor.uint();
    const offset = cursor.uint();
    const text = cursor.text();
    if (!line || offset === undefined || !text) return undefined;
    parts.push([line, offset, text]);
  }
  return cursor.at === bytes.length ? { kind: "delta", parts } : undefined;
}

/** Every method answers undefined where the bytes are not of the plain kind. */
class Cursor {
  readonly #bytes: Uint8Array;
  #at: number;

  constructor(bytes: Uint8Array, at: number) {
    this.#bytes = bytes;
    this.#at = at;
  }

  get at(): number {
    return this.#at;
  }

  byte(): number | undefined {
    return this.#bytes[this.#at++];
  }

  arrayLength(): number | undefined {
    const tag = this.byte();
    if (tag === undefined) return undefined;
    if (tag >= 0x90 && tag <= 0x9f) return tag & 0x0f;
    return tag === 0xdc ? this.#wide(2) : undefined;
  }

  uint(): number | undefined {
    const tag = this.byte();
    if (tag === undefined || tag <= 0x7f) return tag;
    if (tag === 0xcc) return this.byte();
    if (tag === 0xcd) return this.#wide(2);
    return tag === 0xce ? this.#wide(4) : undefined;
  }

  text(): string | undefined {
    const tag = this.byte();
    if (tag === undefined) return undefined;
    const length =
      tag >= 0xa0 && tag <= 0xbf
        ? tag & 0x1f
        : tag === 0xd9
          ? this.byte()
          : tag === 0xda
            ? this.#wide(2)
            : undefined;
    if (length === undefined || length > LIMITS.MAX_DELTA_BYTES) return undefined;
    const from = this.#at;
    this.#at += length;
    return this.#at <= this.#bytes.length ? decodeText(this.#bytes, from, this.#at) : undefined;
  }

  #wide(width: number): number | undefined {
    let value = 0;
    for (let index = 0; index < width; index++) {
      const byte = this.byte();
      if (byte === undefined) return undefined;
      value = value * 256 + byte;
    }
    return value;
  }
}

/** Up to here building a string of ASCII by hand is quicker than a call into the runtime. */
const MAX_BY_HAND_BYTES = 24;

function decodeText(bytes: Uint8Array, from: number, to: number): string | undefined {
  if (to - from <= MAX_BY_HAND_BYTES) {
    let text = "";
    for (let at = from; at < to; at++) {
      const byte = bytes[at]!;
      if (byte >= 0x80) return decodeUtf8(bytes, from, to);
      text += String.fromCharCode(byte);
    }
    return text;
  }
  return decodeUtf8(bytes, from, to);
}

function decodeUtf8(bytes: Uint8Array, from: number, to: number): string | undefined {
  const slice = Buffer.from(bytes.buffer, bytes.byteOffset + from, to - from);
  return isUtf8(slice) ? slice.toString("utf8") : undefined;
}

/** What comes before a text: the array, two integers and the text's own head. */
const MAX_PART_HEAD_BYTES = 14;
const scratch = Buffer.allocUnsafeSlow(LIMITS.MAX_FRAME_BYTES);

/** Writes a delta frame; undefined where the general way must, as for one too large. */
export function writeDelta({ parts }: Delta): Buffer | undefined {
  if (parts.length > LIMITS.MAX_DELTAS_PER_FRAME) return undefined;
  let at = writeHead(parts.length);
  for (const [line, offset, text] of parts) {
    if (at + MAX_PART_HEAD_BYTES + text.length * 3 > scratch.length) return undefined;
    scratch[at++] = 0x93;
    at = writeUint(line, at);
    at = writeUint(offset, at);
    at = writeText(text, at);
  }
  // Copied out of the scratch, which the next frame overwrites.
  return Buffer.from(scratch.subarray(0, at));
}

function writeHead(count: number): number {
  scratch[0] = 0x92;
  scratch[1] = delta.type;
  if (count <= 0x0f) {
    scratch[2] = 0x90 | count;
    return 3;
  }
  scratch[2] = 0xdc;
  return scratch.writeUInt16BE(count, 3);
}

function writeUint(value: number, at: number): number {
  if (value <= 0x7f) {
    scratch[at] = value;
    return at + 1;
  }
  if (value <= 0xff) {
    scratch[at] = 0xcc;
    scratch[at + 1] = value;
    return at + 2;
  }
  if (value <= 0xffff) {
    scratch[at] = 0xcd;
    return scratch.writeUInt16BE(value, at + 1);
  }
  scratch[at] = 0xce;
  return scratch.writeUInt32BE(value, at + 1);
}

function writeText(text: string, at: number): number {
  const { length } = text;
  if (length <= MAX_BY_HAND_BYTES) {
    let index = 0;
    for (; index < length; index++) {
      const unit = text.charCodeAt(index);
      if (unit >= 0x80) break;
      scratch[at + 1 + index] = unit;
    }
    if (index === length) {
      scratch[at] = 0xa0 | length;
      return at + 1 + length;
    }
  }
  const bytes = Buffer.byteLength(text);
  const start = writeTextHead(bytes, at);
  return start + scratch.write(text, start);
}

function writeTextHead(bytes: number, at: number): number {
  if (bytes <= 0x1f) {
    scratch[at] = 0xa0 | bytes;
    return at + 1;
  }
  if (bytes <= 0xff) {
    scratch[at] = 0xd9;
    scratch[at + 1] = bytes;
    return at + 2;
  }
  scratch[at] = 0xda;
  return scratch.writeUInt16BE(bytes, at + 1);
}
