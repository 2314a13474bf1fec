/**
 * What the sidecar keeps back of a cue's remaining time, so that its fallback is on its way when
 * the time is up although timers fire late: the lateness of `setTimeout` on an idle loop.
 */
const TIMER_GUARD_MS = 5;

/** When a line must have visible text, on the sidecar's clock, milliseconds. */
export function internalDeadlineMs(arrivedMs: number, remainingMs: number): number {
  return arrivedMs + Math.max(0, remainingMs - TIMER_GUARD_MS);
}
