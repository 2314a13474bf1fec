import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { MessageBoundary, ODD_FRAME_COUNTS_FOR } from "./message-boundary.ts";

interface Frame {
  readonly opcode: number;
  readonly fin: boolean;
  readonly payloadBytes: number;
}

const TEXT = 1;
const CONTINUATION = 0;
const PING = 9;

function bytesOf({ opcode, fin, payloadBytes }: Frame): Buffer {
  const mask = Buffer.alloc(4, 7);
  const first = (fin ? 0x80 : 0) | opcode;
  if (payloadBytes < 126) {
    return Buffer.concat([
      Buffer.of(first, 0x80 | payloadBytes),
      mask,
      Buffer.alloc(payloadBytes, 0x81),
    ]);
  }
  const isShort = payloadBytes < 65_536;
  const length = Buffer.alloc(isShort ? 2 : 8);
  if (isShort) length.writeUInt16BE(payloadBytes);
  else length.writeBigUInt64BE(BigInt(payloadBytes));
  const header = Buffer.of(first, 0x80 | (isShort ? 126 : 127));
  return Buffer.concat([header, length, mask, Buffer.alloc(payloadBytes, 0x81)]);
}

describe("MessageBoundary", () => {
  test("knows how many messages have ended and whether one has begun, however the bytes are cut", () => {
    const payloadBytes = fc.constantFrom(0, 1, 125, 126, 127, 65_535, 65_536, 70_000);
    const message = fc.array(payloadBytes, { minLength: 1, maxLength: 3 }).map((parts) =>
      parts.map((bytes, index) => ({
        opcode: index === 0 ? TEXT : CONTINUATION,
        fin: index === parts.length - 1,
        payloadBytes: bytes,
      })),
    );
    const cuts = fc.array(fc.nat({ max: 100_000 }), { maxLength: 8 });
    fc.assert(
      fc.property(fc.array(message, { maxLength: 4 }), cuts, (messages, at) => {
        const ends: number[] = [];
        let length = 0;
        const bytes = Buffer.concat(
          messages.map((frames) => {
            const one = Buffer.concat(frames.map(bytesOf));
            ends.push((length += one.length));
            return one;
          }),
        );
        const boundary = new MessageBoundary();
        let start = 0;
        for (const end of [...at, bytes.length].sort((a, b) => a - b)) {
          if (end < start || end > bytes.length) continue;
          boundary.push(bytes.subarray(start, end));
          start = end;
          const ended = ends.filter((messageEnd) => messageEnd <= end).length;
          const isInside = end > (ends[ended - 1] ?? 0);
          expect([boundary.completed, boundary.isInside]).toEqual([ended, isInside]);
        }
      }),
    );
  });

  test("a flood of what is no whole message counts for more", () => {
    const boundary = new MessageBoundary();
    boundary.push(bytesOf({ opcode: TEXT, fin: true, payloadBytes: 3 }));
    expect(boundary.frames).toBe(1);
    boundary.push(bytesOf({ opcode: TEXT, fin: false, payloadBytes: 3 }));
    boundary.push(bytesOf({ opcode: PING, fin: true, payloadBytes: 0 }));
    boundary.push(bytesOf({ opcode: CONTINUATION, fin: true, payloadBytes: 3 }));
    expect(boundary.frames).toBe(1 + 3 * ODD_FRAME_COUNTS_FOR);
  });

  test("a ping between two fragments does not end their message", () => {
    const boundary = new MessageBoundary();
    boundary.push(bytesOf({ opcode: TEXT, fin: false, payloadBytes: 3 }));
    boundary.push(bytesOf({ opcode: PING, fin: true, payloadBytes: 0 }));
    expect([boundary.completed, boundary.isInside]).toEqual([0, true]);
    boundary.push(bytesOf({ opcode: CONTINUATION, fin: true, payloadBytes: 0 }));
    expect([boundary.completed, boundary.isInside]).toEqual([1, false]);
  });
});
