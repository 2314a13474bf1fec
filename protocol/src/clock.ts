/** Monotonic time and timers, handed in so that tests and simulations can hold them still. */
export interface Clock {
  /** Milliseconds since an arbitrary moment; never goes back. */
  nowMs(): number;
  /** Calls `callback` once, never early; the function returned calls it off. */
  schedule(delayMs: number, callback: () => void): () => void;
}

export const systemClock: Clock = {
  nowMs: () => performance.now(),
  schedule(delayMs, callback) {
    const dueMs = performance.now() + delayMs;
    let timer: NodeJS.Timeout;
    const arm = (): void => {
      timer = setTimeout(
        () => {
          // A native timer may fire up to a millisecond early.
          if (performance.now() < dueMs) arm();
          else callback();
        },
        Math.ceil(dueMs - performance.now()),
      );
    };
    arm();
    return () => clearTimeout(timer);
  },
};
