import type { FakeClock } from "@banterwire/protocol/testing";

/** Moves time on, timer by timer; what promises wait for happens in between. */
export async function pass(clock: FakeClock, ms: number): Promise<void> {
  const untilMs = clock.nowMs() + ms;
  await settled();
  for (;;) {
    const dueMs = clock.nextDueMs;
    if (dueMs === undefined || dueMs > untilMs) break;
    clock.advance(Math.max(0, dueMs - clock.nowMs()));
    await settled();
  }
  clock.advance(untilMs - clock.nowMs());
  await settled();
}

/** What promises and streams wait for has happened. */
export function settled(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
