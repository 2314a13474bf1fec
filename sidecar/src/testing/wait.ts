import type { Clock } from "@banterwire/protocol";

/** Resolves when the time is up, or at once when the signal is aborted: never rejects. */
export function wait(clock: Clock, ms: number, signal?: AbortSignal): Promise<void> {
  if (ms <= 0 || signal?.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const finish = (): void => {
      cancel();
      signal?.removeEventListener("abort", finish);
      resolve();
    };
    const cancel = clock.schedule(ms, finish);
    signal?.addEventListener("abort", finish, { once: true });
  });
}
