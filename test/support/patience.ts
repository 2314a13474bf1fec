/**
 * How long a test waits for what must come, outside of `expect.poll`: far longer than it takes, for
 * a machine that is busy with other things as well.
 */
export const PATIENCE = { timeout: 30_000, interval: 5 } as const;
