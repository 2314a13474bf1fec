/** Exit codes of `npm start` and of its children; the sidecar's are the same. */
export const EXIT_CODES = {
  ok: 0,
  crash: 1,
  /** A flag, a variable or a configuration that cannot be used. */
  usage: 2,
  portBusy: 3,
} as const;
