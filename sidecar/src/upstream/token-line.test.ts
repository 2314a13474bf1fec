import * as fc from "fast-check";
import { expect, test } from "vitest";
import { plainTokenIn } from "./token-line.ts";

function lineOf(content: string, more: object = {}, message: object = {}): string {
  return JSON.stringify({
    model: "gemma3:1b",
    created_at: "2026-11-21T03:20:00.123456789Z",
    message: { role: "assistant", content, ...message },
    done: false,
    ...more,
  });
}

test.each([" met", "", "火", "🐻", "Bär, 'Käse'"])("the token %j is read as it is", (content) => {
  expect(plainTokenIn(lineOf(content))).toBe(content);
});

test.each([
  ["an escape", lineOf('"')],
  ["a line break", lineOf("\n")],
  ["the end of a generation", lineOf("", { done: true, done_reason: "stop" })],
  ["an error", JSON.stringify({ error: "the runner was stopped" })],
  ["an error beside a token", lineOf("Well", { error: "out of memory" })],
  ["thinking", lineOf("", {}, { thinking: "Hm" })],
  ["another role", lineOf("Well", {}, { role: "tool" })],
  ["half a line", lineOf("Well").slice(0, -1)],
  ["something after it", `${lineOf("Well")} `],
  ["a raw control character", lineOf("Well").replace("Well", "We\u0001ll")],
  ["nothing", ""],
])("%s is left to the general reader", (_what, line) => {
  expect(plainTokenIn(line)).toBeUndefined();
});

test("what it reads, JSON.parse reads alike", () => {
  const content = fc.string({ unit: "binary" });
  const line = fc.oneof(
    content.map((text) => lineOf(text)),
    // The same bytes with one of them changed: another key, a broken string, no JSON at all.
    fc.tuple(content, fc.nat(), fc.string({ maxLength: 2 })).map(([text, at, other]) => {
      const whole = lineOf(text);
      const where = at % whole.length;
      return whole.slice(0, where) + other + whole.slice(where + 1);
    }),
  );
  fc.assert(
    fc.property(line, (text) => {
      const token = plainTokenIn(text);
      if (token === undefined) return;
      expect(JSON.parse(text)).toMatchObject({ message: { content: token }, done: false });
      expect(JSON.parse(text)).not.toHaveProperty("error");
    }),
    { numRuns: 2_000 },
  );
});
