import { expect, test } from "vitest";
import { faultOf } from "./upstream.ts";

test.each([
  [400, "request"],
  [413, "request"],
  [422, "request"],
  [401, "endpoint"],
  [403, "endpoint"],
  [404, "endpoint"],
  [408, "endpoint"],
  [429, "endpoint"],
  [500, "endpoint"],
  [503, "endpoint"],
])("HTTP %i is put down to the %s", (status, fault) => {
  expect(faultOf({ kind: "status", why: "", status })).toBe(fault);
});

test("options that a model was not loaded with are put down to that model, a lost connection to its endpoint", () => {
  expect(faultOf({ kind: "options", why: "" })).toBe("model");
  expect(faultOf({ kind: "connect", why: "" })).toBe("endpoint");
});
