import { isAllRead, readArrayHead, readText, readUint, startReading } from "./frame-reader.ts";
import { startWriting, writeArrayHead, writeText, writeUint, written } from "./frame-writer.ts";
import { LIMITS } from "./limits.ts";
import { type Delta, delta } from "./messages/delta.ts";

/*
 * Text is nearly all that a connection carries, so delta frames have a way of their own: it does
 * what the plain way would do, and takes half as long. Whatever else is a delta, or is wrong, is
 * left to the general way, whose answer it never contradicts.
 */

/** Reads a delta frame that is plain and sound; undefined where the general way must look at it. */
export function readDelta(bytes: Uint8Array): Delta | undefined {
  if (bytes[0] !== 0x92 || bytes[1] !== delta.type) return undefined;
  startReading(bytes);
  readUint();
  const count = readArrayHead();
  if (count < 1 || count > LIMITS.MAX_DELTAS_PER_FRAME) return undefined;
  const parts: Delta["parts"] = [];
  for (let index = 0; index < count; index++) {
    if (readArrayHead() !== 3) return undefined;
    const line = readUint();
    const offset = readUint();
    const text = readText(LIMITS.MAX_DELTA_BYTES);
    if (!(line >= 1 && offset >= 0) || text === undefined || text === "") return undefined;
    parts.push([line, offset, text]);
  }
  return isAllRead() ? { kind: "delta", parts } : undefined;
}

/** Writes a delta frame; undefined where the general way must, as for one too large. */
export function writeDelta({ parts }: Delta): Buffer | undefined {
  if (parts.length > LIMITS.MAX_DELTAS_PER_FRAME) return undefined;
  startWriting(2);
  writeUint(delta.type);
  writeArrayHead(parts.length);
  for (const [line, offset, text] of parts) {
    if (line >>> 0 !== line || offset >>> 0 !== offset) return undefined;
    writeArrayHead(3);
    writeUint(line);
    writeUint(offset);
    writeText(text);
  }
  return written();
}
