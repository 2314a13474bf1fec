import * as fc from "fast-check";
import { expect, test } from "vitest";
import { TokenText } from "./token-text.ts";

const bytesToText = (bytes: readonly number[]): string => Buffer.from(bytes).toString("utf8");

test("a character spread over tokens comes out whole, and every piece is valid text", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary", maxLength: 12 }), (text) => {
      fc.pre(text.isWellFormed() && !text.includes("\ufffd"));
      const pieces = new TokenText<number>(bytesToText);
      const out = [...Buffer.from(text)].map((byte) => pieces.push(byte));
      expect(out.join("") + pieces.flush()).toBe(text);
      for (const piece of out) expect(piece.isWellFormed()).toBe(true);
    }),
  );
});

test("bytes that never become a character are not held for ever", () => {
  const pieces = new TokenText<number>(bytesToText);
  const out = [0x80, 0x80, 0x80, 0x80].map((byte) => pieces.push(byte)).join("");
  expect(out).toContain("\ufffd");
});
