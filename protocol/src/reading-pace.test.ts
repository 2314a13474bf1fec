import { expect, it } from "vitest";
import { displayMsFor } from "./reading-pace.ts";

it("shows a line as long as it takes to read, and neither a flash nor for ever", () => {
  expect(displayMsFor(0)).toBe(1_500);
  expect(displayMsFor(17)).toBe(1_500);
  expect(displayMsFor(85)).toBe(5_000);
  expect(displayMsFor(4_096)).toBe(12_000);
});
