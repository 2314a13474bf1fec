import { constants, type PerformanceEntry, PerformanceObserver } from "node:perf_hooks";
import { getHeapSpaceStatistics, setFlagsFromString } from "node:v8";

/**
 * How large V8's space for young objects may become, bytes: large enough that collections of it are
 * rare under hundreds of streams. Left to itself it becomes eight times as large, which under 2,000
 * streams is half of the process, and gives nothing for it.
 */
const MAX_YOUNG_BYTES = 8_000_000;
/**
 * What older objects and their garbage may take before V8 looks through them all, bytes. Left to
 * itself it does so each time that some 8 MB have been added: every ten seconds at 100 lines a
 * second, several times where a thousand games come at once. Each time all lines wait for some 5 ms,
 * and helper threads take what cores there are.
 */
const MIN_OLD_LIMIT_BYTES = 64_000_000;

const GROW = 2;
const STAY = 1;
const LET_V8_DECIDE = 0;
/** V8 never has less than this; more than that is for it to know. */
const MIN_OLD_GROWTH_PERCENT = 20;
/** V8 never has more; what is said after one collection counts at the next, when more may live. */
const MAX_OLD_GROWTH_PERCENT = 300;

/**
 * Says how V8's heap grows: the space for young objects to its bound and no further, that for old
 * ones to its least size before it is looked through. Both bounds can be given on Node's command line
 * only, for heaps are laid out before any of our code runs; how they grow is asked at each growth.
 */
export function governHeapGrowth(setFlag: (flag: string) => void = setFlagsFromString): void {
  const young = flagSetter("semi-space-growth-factor", setFlag);
  const old = flagSetter("heap-growing-percent", setFlag);
  const judgeYoung = (): void => young(youngBytes() < MAX_YOUNG_BYTES ? GROW : STAY);
  const judgeOld = (): void => old(oldGrowthPercent(oldBytes()));
  judgeYoung();
  judgeOld();
  new PerformanceObserver((list) => {
    judgeYoung();
    if (list.getEntries().some(isMajor)) judgeOld();
  }).observe({ entryTypes: ["gc"] });
}

/** By how much the old objects may grow until they are looked through; 0 leaves that to V8. */
export function oldGrowthPercent(livingBytes: number): number {
  const percent = Math.floor((100 * (MIN_OLD_LIMIT_BYTES - livingBytes)) / livingBytes);
  if (percent < MIN_OLD_GROWTH_PERCENT) return LET_V8_DECIDE;
  return Math.min(percent, MAX_OLD_GROWTH_PERCENT);
}

/** The types of Node do not know what these entries have. */
function isMajor(entry: PerformanceEntry): boolean {
  const { detail } = entry as PerformanceEntry & { readonly detail: { readonly kind: number } };
  return detail.kind === constants.NODE_PERFORMANCE_GC_MAJOR;
}

function flagSetter(flag: string, setFlag: (flag: string) => void): (value: number) => void {
  let current: number | undefined;
  return (value) => {
    if (value !== current) setFlag(`--${flag}=${value}`);
    current = value;
  };
}

function youngBytes(): number {
  const young = getHeapSpaceStatistics().find(({ space_name }) => space_name === "new_space");
  return young?.space_size ?? 0;
}

function oldBytes(): number {
  return getHeapSpaceStatistics()
    .filter(({ space_name }) => !space_name.startsWith("new_"))
    .reduce((sum, { space_used_size }) => sum + space_used_size, 0);
}
