/** What a child's ends so far say about its next start. */
export interface RestartRecord {
  /** Ends in a row that came soon after their start. */
  readonly failures: number;
}

export const NO_FAILURES: RestartRecord = { failures: 0 };

const FIRST_RESTART_MS = 250;
const MAX_RESTART_MS = 5_000;
/** A child that ran for so long had started well: the next restart is the first of a new row. */
const STEADY_AFTER_MS = 10_000;

/** When to start a child again that ended after `upMs`. */
export function afterEnd(
  { failures }: RestartRecord,
  upMs: number,
): { readonly record: RestartRecord; readonly delayMs: number } {
  const before = upMs >= STEADY_AFTER_MS ? 0 : failures;
  return {
    record: { failures: before + 1 },
    delayMs: Math.min(MAX_RESTART_MS, FIRST_RESTART_MS * 2 ** before),
  };
}
