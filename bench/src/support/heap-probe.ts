/**
 * Loaded into a process with `--expose-gc --import`: tells its parent the heap that is in use, and
 * how late its event loop was since the parent last asked.
 */
import { monitorEventLoopDelay } from "node:perf_hooks";

const NS_PER_MS = 1e6;
/** Of its timer, milliseconds: what it measures when nothing is late. */
const RESOLUTION_MS = 1;

let loop: ReturnType<typeof monitorEventLoopDelay> | undefined;

process.on("message", (question) => {
  if (question === "heap") {
    globalThis.gc?.();
    process.send?.(process.memoryUsage().heapUsed);
  }
  if (question === "loop") {
    const lateMs = (ns: number): number => Math.max(0, ns / NS_PER_MS - RESOLUTION_MS);
    process.send?.({
      p99Ms: loop ? lateMs(loop.percentile(99)) : 0,
      maxMs: loop ? lateMs(loop.max) : 0,
    });
    loop?.disable();
    loop = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
    loop.enable();
  }
});
// The process is to end as it would without this.
process.channel?.unref();
