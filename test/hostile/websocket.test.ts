import {
  type EchoListener,
  frameOf,
  RawGame,
  startEchoListener,
} from "@banterwire/sidecar/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

const CONTINUATION = 0;
const TEXT = 1;
const BINARY = 2;
const CLOSE = 8;
const PING = 9;
const BAD_UTF8 = Buffer.of(0xce, 0xba, 0xff);

let listener: EchoListener;

beforeAll(async () => {
  listener = await startEchoListener();
});

afterAll(() => listener.close());

/** The code with which a connection is closed that sends such bytes right after its handshake. */
function closeCodeAfter(...frames: readonly Uint8Array[]): Promise<number> {
  return new RawGame(Number(new URL(listener.url).port), frames, () => {}).closed;
}

function frameOfBits(first: number, second = 0x80): Buffer {
  return Buffer.of(first, second, 0, 0, 0, 0);
}

function closeOf(code: number, reason: Uint8Array = Buffer.alloc(0)): Buffer {
  return frameOf(Buffer.concat([Buffer.of(code >> 8, code & 255), reason]), CLOSE);
}

describe("a frame that RFC 6455 forbids closes its connection with the code that it names", () => {
  test.each<[string, number, readonly Uint8Array[]]>([
    ["the first reserved bit: compression was not negotiated", 1002, [frameOfBits(0xc2)]],
    ["the second reserved bit", 1002, [frameOfBits(0xa2)]],
    ["the third reserved bit", 1002, [frameOfBits(0x92)]],
    ["a data opcode that means nothing", 1002, [frameOfBits(0x83)]],
    ["a control opcode that means nothing", 1002, [frameOfBits(0x8b)]],
    ["no mask", 1002, [Buffer.of(0x82, 1, 7)]],
    ["a ping in fragments", 1002, [frameOf(Buffer.alloc(1), PING, false)]],
    ["a ping of 126 bytes", 1002, [frameOf(Buffer.alloc(126), PING)]],
    ["a continuation of nothing", 1002, [frameOf(Buffer.alloc(1), CONTINUATION)]],
    [
      "a message inside of another one",
      1002,
      [frameOf(Buffer.alloc(1), BINARY, false), frameOf(Buffer.alloc(1), BINARY)],
    ],
    ["text that is no UTF-8", 1007, [frameOf(BAD_UTF8, TEXT)]],
    [
      "text whose fragments are no UTF-8 together",
      1007,
      [frameOf(BAD_UTF8.subarray(0, 1), TEXT, false), frameOf(BAD_UTF8, CONTINUATION)],
    ],
    [
      "a length beyond 2^53",
      1009,
      [Buffer.of(0x82, 0xff, 0x7f, 255, 255, 255, 255, 255, 255, 255)],
    ],
    ["a length beyond the bound", 1009, [frameOf(Buffer.alloc(65_537))]],
    ["a close whose code is half", 1002, [frameOf(Buffer.alloc(1), CLOSE)]],
    ["a close with a code that is none", 1002, [closeOf(999)]],
    ["a close with a code that may not be sent", 1002, [closeOf(1006)]],
    ["a close with a code of the future", 1002, [closeOf(2999)]],
    ["a close whose reason is no UTF-8", 1007, [closeOf(1000, BAD_UTF8)]],
  ])("%s: %d", async (_what, code, frames) => {
    expect(await closeCodeAfter(...frames)).toBe(code);
  });
});

test.each([1000, 1001, 1011, 3000, 4999])(
  "a peer's close with code %d is answered with the same",
  async (code) => {
    expect(await closeCodeAfter(closeOf(code, Buffer.from("that is all")))).toBe(code);
  },
);

test("what follows a close is not looked at", async () => {
  expect(await closeCodeAfter(closeOf(1000), frameOfBits(0xc2))).toBe(1000);
});
