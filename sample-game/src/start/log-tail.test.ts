import { expect, test } from "vitest";
import { LogTail } from "./log-tail.ts";

test("the last lines are kept, whole, however they were cut on their way", () => {
  const tail = new LogTail();
  for (let line = 0; line < 100; line++) tail.add(`line ${line}\n`);
  tail.add("the e");
  tail.add("nd\n");
  expect(tail.lines.at(-1)).toBe("the end");
  expect(tail.lines.at(0)).toBe("line 61");
});

test("a flood without a line break is cut off", () => {
  const tail = new LogTail();
  for (let chunk = 0; chunk < 1_000; chunk++) tail.add("x".repeat(1_000));
  expect(tail.lines.join("").length).toBeLessThanOrEqual(400);
});
