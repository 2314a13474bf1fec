import { expect, test } from "vitest";
import { SpeechAllowance } from "./speech-allowance.ts";

function count(allowance: SpeechAllowance, nowMs: number, tries: number): number {
  return Array.from({ length: tries }, () => allowance.take(nowMs)).filter(Boolean).length;
}

test("a player may say four things at once and then has to wait", () => {
  const allowance = new SpeechAllowance(0);
  expect(count(allowance, 0, 10)).toBe(4);
  expect(allowance.take(1_199)).toBe(false);
  expect(allowance.take(1_200)).toBe(true);
});

test("silence saves up no more than four", () => {
  const allowance = new SpeechAllowance(0);
  expect(count(allowance, 3_600_000, 10)).toBe(4);
});
