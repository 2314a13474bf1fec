/**
 * Loaded into a process with `--expose-gc --import`: tells its parent the heap that is in use, code
 * apart, and how late its event loop was since the parent last asked.
 */
import { monitorEventLoopDelay } from "node:perf_hooks";
import { setTimeout as sleep } from "node:timers/promises";
import { getHeapSpaceStatistics } from "node:v8";

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
  process.send?.(heapLessCodeBytes());
}

/** V8 compiles and drops code for as long as a process runs: none of it is what the program holds. */
function heapLessCodeBytes(): number {
  return getHeapSpaceStatistics()
    .filter(({ space_name }) => !/code|trusted/u.test(space_name))
    .reduce((sum, { space_used_size }) => sum + space_used_size, 0);
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
