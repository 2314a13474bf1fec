import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { LineSplitter } from "./ndjson.ts";

function collect(chunks: readonly Buffer[], maxLineBytes = 1_000): string[] {
  const lines: string[] = [];
  const splitter = new LineSplitter(maxLineBytes, (line) => lines.push(line));
  for (const chunk of chunks) splitter.push(chunk);
  splitter.flush();
  return lines;
}

describe("LineSplitter", () => {
  test("finds the same lines however the bytes are cut", () => {
    const line = fc.string({ unit: "grapheme", minLength: 1, maxLength: 20 });
    const noBreak = line.filter((text) => !text.includes("\n"));
    const cuts = fc.array(fc.integer({ min: 0, max: 400 }), { maxLength: 20 });
    fc.assert(
      fc.property(fc.array(noBreak, { maxLength: 10 }), cuts, (lines, at) => {
        const bytes = Buffer.from(lines.map((text) => `${text}\n`).join(""));
        const ends = [...at.map((cut) => Math.min(cut, bytes.length)), bytes.length];
        let start = 0;
        const chunks = ends
          .toSorted((a, b) => a - b)
          .map((end) => bytes.subarray(start, (start = end)));
        expect(collect(chunks)).toEqual(lines);
      }),
    );
  });

  test("hands on a last line that no line break ends", () => {
    expect(collect([Buffer.from("a\nb")])).toEqual(["a", "b"]);
  });

  test("passes over empty lines", () => {
    expect(collect([Buffer.from("a\n\n\nb\n")])).toEqual(["a", "b"]);
  });

  test("refuses a line longer than its bound, also one that comes in pieces", () => {
    const splitter = new LineSplitter(4, () => {});
    expect(splitter.push(Buffer.from("abc\nabcd"))).toBe(true);
    expect(splitter.push(Buffer.from("e"))).toBe(false);
  });
});
