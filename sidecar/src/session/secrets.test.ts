import { expect, test } from "vitest";
import { Secrets } from "./secrets.ts";

test("no two are alike, over many draws, and none has another's memory", () => {
  const secrets = new Secrets(16);
  const some = Array.from({ length: 1_000 }, () => secrets.next());
  expect(new Set(some.map(String)).size).toBe(1_000);
  for (const secret of some) {
    expect([secret.length, secret.buffer.byteLength]).toEqual([16, 16]);
  }
});
