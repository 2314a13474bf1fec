/**
 * Loaded into a process with `--expose-gc --import`: tells its parent the heap that is in use, and
 * how late its event loop was since the parent last asked.
 */
import { monitorEventLoopDelay } from "node:perf_hooks";
import { setTimeout as sleep } from "node:timers/promises";

const NS_PER_MS = 1e6;
/** Of its timer, milliseconds: what it measures when nothing is late. */
const RESOLUTION_MS = 1;

let loop: ReturnType<typeof monitorEventLoopDelay> | undefined;

/** Once is not enough: what is finalised after a collection is freed by the next one. */
const COLLECTIONS = 3;
const BETWEEN_COLLECTIONS_MS = 50;

async function tellHeap(): Promise<void> {
  for (let count = 0; count < COLLECTIONS; count++) {
    globalThis.gc?.();
    await sleep(BETWEEN_COLLECTIONS_MS);
  }
  process.send?.(process.memoryUsage().heapUsed);
}

process.on("message", (question) => {
  if (question === "heap") void tellHeap();
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
