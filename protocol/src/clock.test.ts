import { expect, it, vi } from "vitest";
import { systemClock } from "./clock.ts";

it("fires once and never early, however short the wait", async () => {
  for (const delayMs of [0, 0.3, 1, 1.7, 5.2]) {
    const startMs = systemClock.nowMs();
    const fired = vi.fn<() => void>();
    await new Promise<void>((resolve) => {
      systemClock.schedule(delayMs, () => {
        fired();
        resolve();
      });
    });
    expect(systemClock.nowMs() - startMs).toBeGreaterThanOrEqual(delayMs);
    expect(fired).toHaveBeenCalledOnce();
  }
});

it("does not fire once it was called off", async () => {
  const fired = vi.fn<() => void>();
  systemClock.schedule(1, fired)();
  await new Promise<void>((resolve) => {
    systemClock.schedule(10, resolve);
  });
  expect(fired).not.toHaveBeenCalled();
});
