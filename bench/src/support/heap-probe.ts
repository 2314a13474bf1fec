/** Loaded into a process with `--expose-gc --import`: tells its parent the heap that is in use. */
process.on("message", (question) => {
  if (question !== "heap") return;
  globalThis.gc?.();
  process.send?.(process.memoryUsage().heapUsed);
});
// The process is to end as it would without this.
process.channel?.unref();
