/** How often an endpoint that is warm is looked at. */
export const WATCH_INTERVAL_MS = 5_000;
/** How often a doubted engine is looked at: until its zombies are gone, a canary would tell nothing. */
export const DOUBT_INTERVAL_MS = 500;
/**
 * For how long a load that was begun is waited for before the engine is taken for gone: Ollama
 * itself gives up one that stands still for so long.
 */
export const LOAD_TIMEOUT_MS = 300_000;
/** Of a canary that may have to wait for a load. */
export const CANARY_TIMEOUT_MS = 60_000;
/** Of a canary to a resident model with nothing else in flight: far more than a batch of prefill. */
export const WEDGE_TIMEOUT_MS = 10_000;

const FIRST_RETRY_MS = 100;
const MAX_RETRY_MS = 2_000;

/** How long to wait before an endpoint is brought up again, after so many failures before this one. */
export function retryDelayMs(failures: number): number {
  return Math.min(MAX_RETRY_MS, FIRST_RETRY_MS * 2 ** Math.min(failures, 10));
}
