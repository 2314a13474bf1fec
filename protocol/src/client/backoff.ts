const FIRST_DELAY_MS = 50;
/** A sidecar stands on the same host, so looking once a second costs nothing. */
const MAX_DELAY_MS = 1_000;

/**
 * How long to wait before reconnecting: doubled each time, and jittered over its upper half, so
 * that many clients of one sidecar do not come back at the same moment.
 *
 * @param attempt how many attempts have failed in a row, 0 or more
 * @param random a number in [0, 1)
 */
export function backoffDelayMs(attempt: number, random: number): number {
  const ceilingMs = Math.min(MAX_DELAY_MS, FIRST_DELAY_MS * 2 ** Math.min(attempt, 16));
  return ceilingMs * (0.5 + random / 2);
}
