import { PerformanceObserver } from "node:perf_hooks";
import { getHeapSpaceStatistics, setFlagsFromString } from "node:v8";

/**
 * How large V8's space for young objects may become, bytes: large enough that collections of it are
 * rare under hundreds of streams. Left to itself it becomes eight times as large, which under 2,000
 * streams is half of the process, and gives nothing for it.
 */
const MAX_YOUNG_BYTES = 8_000_000;

const GROW = 2;
const STAY = 1;

/**
 * Lets the space for young objects grow to its bound and no further. The bound itself can be given
 * on Node's command line only, for heaps are laid out before any of our code runs; how they grow is
 * asked at each growth.
 */
export function boundYoungSpace(): void {
  let growth: number | undefined;
  const judge = (): void => {
    const wanted = youngBytes() < MAX_YOUNG_BYTES ? GROW : STAY;
    if (wanted === growth) return;
    growth = wanted;
    setFlagsFromString(`--semi-space-growth-factor=${wanted}`);
  };
  judge();
  new PerformanceObserver(judge).observe({ entryTypes: ["gc"] });
}

function youngBytes(): number {
  const young = getHeapSpaceStatistics().find(({ space_name }) => space_name === "new_space");
  return young?.space_size ?? 0;
}
