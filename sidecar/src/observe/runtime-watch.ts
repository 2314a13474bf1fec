import {
  constants,
  monitorEventLoopDelay,
  type PerformanceEntry,
  PerformanceObserver,
} from "node:perf_hooks";

/** How often the loop's lateness is sampled; what is measured includes it. */
const RESOLUTION_MS = 20;
const NS_PER_SECOND = 1e9;
const MS_PER_SECOND = 1_000;

const GC_TYPES = new Map<number, GcType>([
  [constants.NODE_PERFORMANCE_GC_MAJOR, "major"],
  [constants.NODE_PERFORMANCE_GC_MINOR, "minor"],
  [constants.NODE_PERFORMANCE_GC_INCREMENTAL, "incremental"],
  [constants.NODE_PERFORMANCE_GC_WEAKCB, "weakcb"],
]);

export type GcType = "major" | "minor" | "incremental" | "weakcb";

/** What `gc` entries have beside what all entries have. */
type GcEntry = PerformanceEntry & { readonly detail: { readonly kind: number } };

/** Lateness of the event loop, seconds. */
export interface LoopDelays {
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

/** Watches what the process itself costs its lines: a late loop, and pauses for garbage. */
export class RuntimeWatch {
  readonly #delays = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  readonly #collections: PerformanceObserver;

  constructor(onGc: (type: GcType, seconds: number) => void) {
    this.#delays.enable();
    this.#collections = new PerformanceObserver((list) => {
      for (const { detail, duration } of list.getEntries() as GcEntry[]) {
        const type = GC_TYPES.get(detail.kind);
        if (type) onGc(type, duration / MS_PER_SECOND);
      }
    });
    this.#collections.observe({ entryTypes: ["gc"] });
  }

  /** Since this was last asked; zeros where nothing was sampled. */
  takeDelays(): LoopDelays {
    const delays = this.#delays;
    const none = delays.count === 0;
    const told = {
      p50: none ? 0 : lateness(delays.percentile(50)),
      p99: none ? 0 : lateness(delays.percentile(99)),
      max: none ? 0 : lateness(delays.max),
    };
    delays.reset();
    return told;
  }

  close(): void {
    this.#delays.disable();
    this.#collections.disconnect();
  }
}

function lateness(measuredNs: number): number {
  return Math.max(0, measuredNs / NS_PER_SECOND - RESOLUTION_MS / MS_PER_SECOND);
}
