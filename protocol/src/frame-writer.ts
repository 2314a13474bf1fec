import { LIMITS } from "./limits.ts";

/*
 * Writes the values of one frame, one after another, in their shortest forms. How far is outside of
 * any object, as in the reader, and for its reasons.
 */
const scratch = Buffer.allocUnsafeSlow(LIMITS.MAX_FRAME_BYTES);
let end = 0;

/** Begins a frame of so many values. */
export function startWriting(count: number): void {
  end = 0;
  writeArrayHead(count);
}

/** The frame; undefined where it is too large. */
export function written(): Buffer | undefined {
  // Copied out of the scratch, which the next frame overwrites.
  return end <= scratch.length ? Buffer.from(scratch.subarray(0, end)) : undefined;
}

export function writeArrayHead(count: number): void {
  if (count <= 0x0f) {
    scratch[end++] = 0x90 | count;
    return;
  }
  scratch[end++] = 0xdc;
  writeUint16(count);
}

/** @param value of 32 bits */
export function writeUint(value: number): void {
  if (value <= 0x7f) {
    scratch[end++] = value;
  } else if (value <= 0xff) {
    scratch[end++] = 0xcc;
    scratch[end++] = value;
  } else if (value <= 0xffff) {
    scratch[end++] = 0xcd;
    writeUint16(value);
  } else {
    scratch[end++] = 0xce;
    writeUint16(value >>> 16);
    writeUint16(value);
  }
}

/** Past the scratch's end nothing is written: that the end was passed shows in the end. */
function writeUint16(value: number): void {
  scratch[end++] = value >>> 8;
  scratch[end++] = value;
}

export function writeNil(): void {
  scratch[end++] = 0xc0;
}

export function writeBoolean(value: boolean): void {
  scratch[end++] = value ? 0xc3 : 0xc2;
}

const BYTES_HEAD_BYTES = 2;

/** @param bytes no more than 255 */
export function writeBytes(bytes: Uint8Array): void {
  if (end + BYTES_HEAD_BYTES + bytes.length > scratch.length) {
    end = scratch.length + 1;
    return;
  }
  scratch[end++] = 0xc4;
  scratch[end++] = bytes.length;
  scratch.set(bytes, end);
  end += bytes.length;
}

/** Up to here writing ASCII by hand is quicker than a call into the runtime. */
const MAX_BY_HAND_UNITS = 24;
const MAX_BYTES_PER_UNIT = 3;
const TEXT_HEAD_BYTES = 3;

/** Puts U+FFFD for each unpaired surrogate. */
export function writeText(text: string): void {
  const { length } = text;
  if (length <= MAX_BY_HAND_UNITS && writeAscii(text)) return;
  if (end + TEXT_HEAD_BYTES + length * MAX_BYTES_PER_UNIT > scratch.length) {
    end = scratch.length + 1;
    return;
  }
  writeTextHead(Buffer.byteLength(text));
  end += scratch.write(text, end);
}

function writeAscii(text: string): boolean {
  const { length } = text;
  const start = end + 1;
  for (let index = 0; index < length; index++) {
    const unit = text.charCodeAt(index);
    if (unit >= 0x80) return false;
    scratch[start + index] = unit;
  }
  scratch[start - 1] = 0xa0 | length;
  end = start + length;
  return true;
}

function writeTextHead(bytes: number): void {
  if (bytes <= 0x1f) {
    scratch[end++] = 0xa0 | bytes;
  } else if (bytes <= 0xff) {
    scratch[end++] = 0xd9;
    scratch[end++] = bytes;
  } else {
    scratch[end++] = 0xda;
    writeUint16(bytes);
  }
}
