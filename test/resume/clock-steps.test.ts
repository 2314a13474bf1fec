import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { systemClock as clock } from "@banterwire/protocol";
import { expect, test, vi } from "vitest";

/** Where time decides something on the wire: the client, and the sidecar from socket to line. */
const ROOT = join(import.meta.dirname, "..", "..");
const PATHS = ["protocol", "sidecar", "plugin-colyseus"].map((name) => join(ROOT, name, "src"));
/** They speak of models that are resident until a date. */
const MAY_KNOW_THE_DATE = [
  "place.ts",
  "testing/residency.ts",
  "upstream/engine.ts",
  "upstream/model-choice.ts",
];

function codeOf(path: string): string {
  return readFileSync(path, "utf8").replaceAll(/\/\*.*?\*\/|\/\/[^\n]*/gsu, "");
}

test("no deadline, heartbeat or window asks for the date", () => {
  const sources = PATHS.flatMap((path) =>
    readdirSync(path, { recursive: true, encoding: "utf8" })
      .filter((name) => name.endsWith(".ts") && !name.endsWith(".test.ts"))
      .map((name) => join(path, name)),
  );
  const asking = sources.filter((path) => /\bDate\b/u.test(codeOf(path)));
  expect(sources.length).toBeGreaterThan(100);
  const wanted = MAY_KNOW_THE_DATE.map((name) => join(ROOT, "sidecar", "src", name));
  expect(asking.toSorted()).toEqual(wanted.toSorted());
});

test("a step of the wall clock by an hour, either way, moves no timer", async () => {
  vi.useFakeTimers({ toFake: ["Date"] });
  try {
    const fired: string[] = [];
    const startedMs = clock.nowMs();
    const due = new Promise<void>((resolve) => clock.schedule(50, resolve));
    clock.schedule(60_000, () => fired.push("a minute"))();
    const cancel = clock.schedule(30_000, () => fired.push("half a minute"));
    for (const stepMs of [3_600_000, -7_200_000]) {
      vi.setSystemTime(Date.now() + stepMs);
      clock.check();
      expect(clock.nowMs() - startedMs).toBeLessThan(30_000);
    }
    await due;
    expect(clock.nowMs() - startedMs).toBeGreaterThanOrEqual(50);
    expect(fired).toEqual([]);
    cancel();
  } finally {
    vi.useRealTimers();
  }
});
