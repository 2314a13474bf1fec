import { LIMITS } from "./limits.ts";

/*
 * Reads the values of one frame, one after another, where they are plain: whole numbers, text and
 * bytes in their usual forms. What is not, or is wrong, reads as no value, and is left to the
 * general way.
 *
 * The frame that is being read, and how far, are outside of any object because that is a third
 * quicker, and safe because reading is never suspended nor entered twice.
 */
let frame: Uint8Array = new Uint8Array();
let at = 0;
/** Values in the frame, by the heads of its arrays. */
let elements = 0;

/** What is no plain value: never a number of ours, nor a length. */
const NONE = -1;

/** Begins a frame. @returns how many values it holds; fewer than none where it is no array */
export function startReading(bytes: Uint8Array): number {
  frame = bytes;
  at = 0;
  elements = 1;
  return bytes.length <= LIMITS.MAX_FRAME_BYTES ? readArrayHead() : NONE;
}

/** Whether the frame was read to its end, and no further. */
export function isAllRead(): boolean {
  return at === frame.length && elements <= LIMITS.MAX_ELEMENTS;
}

/** @returns a length, or a number below 0 */
export function readArrayHead(): number {
  const tag = frame[at++]!;
  let length = NONE;
  if (tag >= 0x90 && tag <= 0x9f) length = tag & 0x0f;
  else if (tag === 0xdc) length = readUint16();
  elements += length;
  return length;
}

/** @returns a number of 32 bits, or one that is below 0 or none at all */
export function readUint(): number {
  const tag = frame[at++]!;
  if (tag <= 0x7f) return tag;
  if (tag === 0xcd) return readUint16();
  if (tag === 0xcc) return frame[at++]!;
  return tag === 0xce ? readUint16() * 0x1_0000 + readUint16() : NONE;
}

/** Past the frame's end it makes some number or other: that the end was passed shows in the end. */
function readUint16(): number {
  at += 2;
  return (frame[at - 2]! << 8) | frame[at - 1]!;
}

export function readBoolean(): boolean | undefined {
  const tag = frame[at++]!;
  return tag === 0xc2 || tag === 0xc3 ? tag === 0xc3 : undefined;
}

/** Takes a nil, if that is what comes next. */
export function takesNil(): boolean {
  if (frame[at] !== 0xc0) return false;
  at++;
  return true;
}

/** @returns a copy: what is kept of a frame must not keep the whole of it */
export function readBytes(): Uint8Array | undefined {
  if (frame[at++] !== 0xc4) return undefined;
  const from = at + 1;
  at = from + frame[at]!;
  return at <= frame.length ? Uint8Array.prototype.slice.call(frame, from, at) : undefined;
}

export function readText(maxBytes: number): string | undefined {
  const length = readTextHead();
  const from = at;
  at += length;
  if (!(length >= 0 && length <= maxBytes && at <= frame.length)) return undefined;
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
