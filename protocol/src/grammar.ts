import { isUtf8 } from "node:buffer";
import { ProtocolError } from "./codes.ts";
import { LIMITS } from "./limits.ts";

/**
 * Checks, in one pass over the bytes and before anything is built from them, that they are one
 * MessagePack value of the closed grammar: nil, booleans, numbers, strings, byte strings, arrays
 * and string-keyed maps, within the bounds of LIMITS. A general decoder accepts more than that
 * (extensions, record definitions, nesting without end), none of which a peer has a use for.
 *
 * @throws ProtocolError with the code to answer.
 */
export function assertClosedGrammar(bytes: Uint8Array): void {
  if (bytes.length > LIMITS.MAX_FRAME_BYTES) {
    throw new ProtocolError(
      "frame_too_large",
      `${bytes.length} bytes; at most ${LIMITS.MAX_FRAME_BYTES}`,
    );
  }
  const scan: Scan = { bytes, at: 0, elements: 0, stringStart: 0 };
  scanValue(scan, 0);
  if (scan.at !== bytes.length) {
    throw new ProtocolError("malformed", `${bytes.length - scan.at} bytes after the message`);
  }
}

interface Scan {
  readonly bytes: Uint8Array;
  at: number;
  elements: number;
  /** Where the last string's bytes began. */
  stringStart: number;
}

function scanValue(scan: Scan, depth: number): void {
  if (++scan.elements > LIMITS.MAX_ELEMENTS) {
    throw new ProtocolError("too_many_elements", `more than ${LIMITS.MAX_ELEMENTS} values`);
  }
  const tag = take(scan);
  if (tag <= 0x7f || tag >= 0xe0) return; // fixint
  if (tag <= 0x8f) return scanMap(scan, tag & 0x0f, depth);
  if (tag <= 0x9f) return scanArray(scan, tag & 0x0f, depth);
  if (tag <= 0xbf) return scanString(scan, tag & 0x1f);
  switch (tag) {
    case 0xc0: // nil
    case 0xc2: // false
    case 0xc3: // true
      return;
    case 0xc4: // bin 8, 16, 32
    case 0xc5:
    case 0xc6:
      return skip(scan, takeUint(scan, 1 << (tag - 0xc4)));
    case 0xca: // float 32, 64
      return skip(scan, 4);
    case 0xcb:
      return skip(scan, 8);
    case 0xcc: // uint 8, 16, 32; int 8, 16, 32
    case 0xd0:
      return skip(scan, 1);
    case 0xcd:
    case 0xd1:
      return skip(scan, 2);
    case 0xce:
    case 0xd2:
      return skip(scan, 4);
    case 0xcf: // uint 64, int 64
    case 0xd3:
      return scanInt64(scan, tag === 0xd3);
    case 0xd9: // str 8, 16, 32
    case 0xda:
    case 0xdb:
      return scanString(scan, takeUint(scan, 1 << (tag - 0xd9)));
    case 0xdc: // array 16, 32
    case 0xdd:
      return scanArray(scan, takeUint(scan, tag === 0xdc ? 2 : 4), depth);
    case 0xde: // map 16, 32
    case 0xdf:
      return scanMap(scan, takeUint(scan, tag === 0xde ? 2 : 4), depth);
    default: // extensions, and the byte that MessagePack never uses
      throw new ProtocolError(
        "forbidden_type",
        `type byte 0x${tag.toString(16)} at byte ${scan.at - 1}`,
      );
  }
}

function scanArray(scan: Scan, length: number, depth: number): void {
  assertDepth(depth);
  for (let index = 0; index < length; index++) scanValue(scan, depth + 1);
}

function scanMap(scan: Scan, size: number, depth: number): void {
  assertDepth(depth);
  const keys = new Set<string>();
  for (let index = 0; index < size; index++) {
    const tag = scan.bytes[scan.at];
    const isString =
      tag !== undefined && ((tag >= 0xa0 && tag <= 0xbf) || (tag >= 0xd9 && tag <= 0xdb));
    if (!isString && tag !== undefined) {
      throw new ProtocolError("bad_map", `a key at byte ${scan.at} is no string`);
    }
    scanValue(scan, depth + 1);
    const key = lastString(scan);
    if (keys.has(key)) throw new ProtocolError("bad_map", `the key ${key} comes twice`);
    if (key === "__proto__") throw new ProtocolError("bad_map", "the key __proto__ is refused");
    keys.add(key);
    scanValue(scan, depth + 1);
  }
}

function scanString(scan: Scan, length: number): void {
  const start = scan.at;
  skip(scan, length);
  scan.stringStart = start;
  const { bytes } = scan;
  for (let index = start; index < scan.at; index++) {
    if (bytes[index]! >= 0x80) {
      if (isUtf8(bytes.subarray(start, scan.at))) return;
      throw new ProtocolError("bad_utf8", `the string at byte ${start} is not valid UTF-8`);
    }
  }
}

function lastString(scan: Scan): string {
  const { buffer, byteOffset } = scan.bytes;
  return Buffer.from(buffer, byteOffset + scan.stringStart, scan.at - scan.stringStart).toString();
}

function scanInt64(scan: Scan, signed: boolean): void {
  const high = takeUint(scan, 4);
  skip(scan, 4);
  // -2^53 <= value < 2^53: the upper word's top eleven bits are all zero, or all one if negative.
  const top = high >>> 21;
  if (top === 0 || (signed && top === 0x7ff)) return;
  throw new ProtocolError("integer_out_of_range", `a 64-bit integer ends at byte ${scan.at}`);
}

function assertDepth(depth: number): void {
  if (depth >= LIMITS.MAX_DEPTH) {
    throw new ProtocolError("too_deep", `more than ${LIMITS.MAX_DEPTH} levels`);
  }
}

function take(scan: Scan): number {
  const byte = scan.bytes[scan.at++];
  if (byte === undefined) throw new ProtocolError("malformed", "the frame ends inside a value");
  return byte;
}

function takeUint(scan: Scan, width: number): number {
  let value = 0;
  for (let index = 0; index < width; index++) value = value * 256 + take(scan);
  return value;
}

function skip(scan: Scan, length: number): void {
  scan.at += length;
  if (scan.at > scan.bytes.length) {
    throw new ProtocolError("malformed", "the frame ends inside a value");
  }
}
