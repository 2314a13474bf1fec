import { expect, test } from "vitest";
import { VisibleText } from "./visible-text.ts";

function show(tokens: readonly string[]): string[] {
  const visible = new VisibleText();
  return tokens.map((token) => visible.push(token));
}

test("space in front of a line is not visible, space inside it is", () => {
  expect(show([" ", "\n", " Well", " met", " "])).toEqual(["", "", "Well", " met", " "]);
});

test("control characters and line breaks become one space", () => {
  expect(show(["a\n\nb", "\u0007c", "d\u2028e"])).toEqual(["a b", " c", "d e"]);
});

test("halves of a surrogate pair are replaced, so that they are never joined behind the counting", () => {
  expect(show(["a\ud83d", "\udc3b", "🐻"])).toEqual(["a\ufffd", "\ufffd", "🐻"]);
});
