import { expect, test } from "vitest";
import { internalDeadlineMs } from "./budget.ts";

test("the internal deadline lies inside the remaining time, and never before the arrival", () => {
  expect(internalDeadlineMs(1_000, 180)).toBeLessThan(1_180);
  expect(internalDeadlineMs(1_000, 180)).toBeGreaterThan(1_150);
  expect(internalDeadlineMs(1_000, 1)).toBe(1_000);
});
