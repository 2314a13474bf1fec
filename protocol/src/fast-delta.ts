import { LIMITS } from "./limits.ts";
import { type Delta, delta } from "./messages/delta.ts";

/*
 * Text is nearly all that a connection carries, so delta frames have a way of their own past the
 * general packer and the schema. It reads and writes plain frames alone; whatever else is a delta,
 * or is wrong, is left to the general way, whose answer it never contradicts.
 */

/** What is no plain value: never a line, an offset or a length. */
const NONE = -1;

/*
 * The frame that is being read, and how far. Outside of any object because that is a third
 * quicker, and safe because reading is never suspended nor entered twice.
 */
let frame: Uint8Array = new Uint8Array();
let at = 0;

/** Reads a delta frame that is plain and sound; undefined where the general way must look at it. */
export function readDelta(bytes: Uint8Array): Delta | undefined {
  if (bytes[0] !== 0x92 || bytes[1] !== delta.type || bytes.length > LIMITS.MAX_FRAME_BYTES) {
    return undefined;
  }
  frame = bytes;
  at = 2;
  const count = readArrayHead();
  if (count < 1 || count > LIMITS.MAX_DELTAS_PER_FRAME) return undefined;
  const parts: Delta["parts"] = [];
  for (let index = 0; index < count; index++) {
    if (frame[at++] !== 0x93) return undefined;
    const line = readUint();
    const offset = readUint();
    const text = readText();
    if (!(line >= 1 && offset >= 0) || text === undefined) return undefined;
    parts.push([line, offset, text]);
  }
  return at === bytes.length ? { kind: "delta", parts } : undefined;
}

function readArrayHead(): number {
  const tag = frame[at++]!;
  if (tag >= 0x90 && tag <= 0x9f) return tag & 0x0f;
  return tag === 0xdc ? readUint16() : NONE;
}

function readUint(): number {
  const tag = frame[at++]!;
  if (tag <= 0x7f) return tag;
  if (tag === 0xcd) return readUint16();
  if (tag === 0xcc) return frame[at++]!;
  return tag === 0xce ? readUint16() * 0x1_0000 + readUint16() : NONE;
}

/** Past the frame's end it makes some number or other: that the end was passed shows in `at`. */
function readUint16(): number {
  at += 2;
  return (frame[at - 2]! << 8) | frame[at - 1]!;
}

function readText(): string | undefined {
  const length = readTextHead();
  const from = at;
  at += length;
  if (!(length >= 1 && length <= LIMITS.MAX_DELTA_BYTES && at <= frame.length)) return undefined;
  return (length <= MAX_BY_HAND_BYTES ? readAscii(from) : undefined) ?? readUtf8(from);
}

function readTextHead(): number {
  const tag = frame[at++]!;
  if (tag >= 0xa0 && tag <= 0xbf) return tag & 0x1f;
  if (tag === 0xd9) return frame[at++]!;
  return tag === 0xda ? readUint16() : NONE;
}

/** Up to here making text of ASCII by hand is quicker than a call into the runtime. */
const MAX_BY_HAND_BYTES = 24;

function readAscii(from: number): string | undefined {
  let text = "";
  let index = from;
  for (; index + 4 <= at; index += 4) {
    const one = frame[index]!;
    const two = frame[index + 1]!;
    const three = frame[index + 2]!;
    const four = frame[index + 3]!;
    if ((one | two | three | four) >= 0x80) return undefined;
    text += String.fromCharCode(one, two, three, four);
  }
  if (index + 2 <= at) {
    const one = frame[index++]!;
    const two = frame[index++]!;
    if ((one | two) >= 0x80) return undefined;
    text += String.fromCharCode(one, two);
  }
  if (index === at) return text;
  const last = frame[index]!;
  return last >= 0x80 ? undefined : text + String.fromCharCode(last);
}

function readUtf8(from: number): string | undefined {
  const bytes = Buffer.isBuffer(frame)
    ? frame
    : Buffer.from(frame.buffer, frame.byteOffset, frame.length);
  const text = bytes.toString("utf8", from, at);
  // Stands for what is not UTF-8, or for itself: the general way tells which.
  return text.includes("\ufffd") ? undefined : text;
}

/** What comes before a text: the array, two integers and the text's own head. */
const MAX_PART_HEAD_BYTES = 14;
const scratch = Buffer.allocUnsafeSlow(LIMITS.MAX_FRAME_BYTES);

/** Writes a delta frame; undefined where the general way must, as for one too large. */
export function writeDelta({ parts }: Delta): Buffer | undefined {
  if (parts.length > LIMITS.MAX_DELTAS_PER_FRAME) return undefined;
  let end = writeHead(parts.length);
  for (const [line, offset, text] of parts) {
    if (line >>> 0 !== line || offset >>> 0 !== offset) return undefined;
    if (end + MAX_PART_HEAD_BYTES + text.length * 3 > scratch.length) return undefined;
    scratch[end++] = 0x93;
    end = writeUint(line, end);
    end = writeUint(offset, end);
    end = writeText(text, end);
  }
  // Copied out of the scratch, which the next frame overwrites.
  return Buffer.from(scratch.subarray(0, end));
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

function writeUint(value: number, start: number): number {
  if (value <= 0x7f) {
    scratch[start] = value;
    return start + 1;
  }
  if (value <= 0xff) {
    scratch[start] = 0xcc;
    scratch[start + 1] = value;
    return start + 2;
  }
  if (value <= 0xffff) {
    scratch[start] = 0xcd;
    scratch[start + 1] = value >>> 8;
    scratch[start + 2] = value;
    return start + 3;
  }
  scratch[start] = 0xce;
  return scratch.writeUInt32BE(value, start + 1);
}

function writeText(text: string, start: number): number {
  const { length } = text;
  if (length <= MAX_BY_HAND_BYTES) {
    let index = 0;
    for (; index < length; index++) {
      const unit = text.charCodeAt(index);
      if (unit >= 0x80) break;
      scratch[start + 1 + index] = unit;
    }
    if (index === length) {
      scratch[start] = 0xa0 | length;
      return start + 1 + length;
    }
  }
  const body = writeTextHead(Buffer.byteLength(text), start);
  return body + scratch.write(text, body);
}

function writeTextHead(bytes: number, start: number): number {
  if (bytes <= 0x1f) {
    scratch[start] = 0xa0 | bytes;
    return start + 1;
  }
  if (bytes <= 0xff) {
    scratch[start] = 0xd9;
    scratch[start + 1] = bytes;
    return start + 2;
  }
  scratch[start] = 0xda;
  return scratch.writeUInt16BE(bytes, start + 1);
}
