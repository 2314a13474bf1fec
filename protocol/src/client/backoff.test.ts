import { expect, it } from "vitest";
import { backoffDelayMs } from "./backoff.ts";

it("doubles up to a second, jittered over the upper half", () => {
  expect([0, 1, 2, 5, 1_000].map((n) => backoffDelayMs(n, 0))).toEqual([25, 50, 100, 500, 500]);
  expect([0, 1, 2, 5, 1_000].map((n) => backoffDelayMs(n, 1))).toEqual([50, 100, 200, 1000, 1000]);
});
