import { expect, test } from "vitest";
import { heldMsIn, isWhole, paceIn, promptOf, tokenText } from "./pace.ts";

test("a pace comes back out of a body that its prompt is in", () => {
  const pace = { tokens: 60, gapMs: 50, prefillMs: 20, tag: 7 };
  expect(
    paceIn(JSON.stringify({ messages: [{ content: `Ann says: "${promptOf(pace)}"` }] })),
  ).toEqual(pace);
  expect(paceIn('{"messages":[]}')).toBeUndefined();
});

test("the first token tells how long the request was held", () => {
  expect(heldMsIn(tokenText(0, 20.125))).toBe(20.125);
  expect(heldMsIn(tokenText(1, 0))).toBeNaN();
});

test("a line is whole when no token is lost, doubled or out of order", () => {
  const tokens = Array.from({ length: 12 }, (_, index) => tokenText(index, 3));
  expect(isWhole(tokens.join(""), 12)).toBe(true);
  for (let cut = 0; cut < tokens.length; cut++) {
    expect(isWhole(tokens.toSpliced(cut, 1).join(""), 12)).toBe(false);
    expect(isWhole(tokens.toSpliced(cut, 0, tokens[cut] ?? "").join(""), 12)).toBe(false);
  }
  expect(isWhole(tokens.with(3, " w4").with(4, " w3").join(""), 12)).toBe(false);
  expect(isWhole("…", 12)).toBe(false);
});
