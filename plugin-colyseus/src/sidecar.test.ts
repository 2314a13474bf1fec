import { afterEach, expect, test, vi } from "vitest";
import { connectSidecar } from "./sidecar.ts";

/** Discard's port, on which nothing listens. */
const url = "ws://127.0.0.1:9";

afterEach(() => {
  connectSidecar({ url }).close();
  vi.unstubAllEnvs();
});

test("one process has one client of a sidecar", () => {
  expect(connectSidecar({ url })).toBe(connectSidecar({ url }));
});

test("a module that was reloaded finds the client of the one before", async () => {
  const before = connectSidecar({ url });
  vi.resetModules();
  const reloaded = await import("./sidecar.ts");
  expect(reloaded.connectSidecar).not.toBe(connectSidecar);
  expect(reloaded.connectSidecar({ url })).toBe(before);
});

test("another token is another client", () => {
  const other = connectSidecar({ url, token: "t" });
  expect(other).not.toBe(connectSidecar({ url }));
  other.close();
});

test("after a close there is a fresh client", () => {
  const closed = connectSidecar({ url });
  closed.close();
  expect(connectSidecar({ url })).not.toBe(closed);
});

test("the environment says where the sidecar is", () => {
  vi.stubEnv("BANTERWIRE_URL", url);
  expect(connectSidecar()).toBe(connectSidecar({ url }));
});

test.each(["http://127.0.0.1:7433", "127.0.0.1:7433", ""])(
  "the URL %j is refused at once",
  (url) => {
    expect(() => connectSidecar({ url })).toThrow(/must be ws:\/\/ or wss:\/\//);
  },
);
