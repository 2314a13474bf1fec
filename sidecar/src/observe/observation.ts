import type { Clock } from "@banterwire/protocol";
import type { Happening, Observe } from "../happening.ts";
import type { Log } from "../log.ts";
import type { SidecarStatus } from "../status.ts";
import { HitBook } from "./hit-book.ts";
import { hitRateStatus } from "./hit-rates.ts";
import { LogLines } from "./log-lines.ts";
import { Metrics } from "./metrics.ts";
import { type Page, pageAt } from "./pages.ts";

export interface ObservationParts {
  readonly log: Log;
  readonly clock: Clock;
  /** Whether what players say, and prompts, stand in the log at debug. */
  showsText(): boolean;
  /** Whether metrics are kept; without them `/metrics` is a 404. */
  readonly metrics: boolean;
  /** Asked only while a page is answered. */
  status(): SidecarStatus;
}

/** What becomes of all that happens: log lines, metrics, hit rates, and pages that tell of them. */
export interface Observation {
  readonly observe: Observe;
  hitRates(): SidecarStatus["hitRates"];
  page(path: string): Promise<Page | undefined>;
  close(): void;
}

/** How long a line's turns of the loop are kept free of what is only told of them, milliseconds. */
const TOLD_AFTER_MS = 1;
/** What may wait to be told; past it all of it is told at once. */
const MAX_UNTOLD = 1_024;

export function startObservation(parts: ObservationParts): Observation {
  const { clock } = parts;
  const logLines = new LogLines(parts);
  const hits = new HitBook();
  const metrics = parts.metrics
    ? new Metrics({
        status: () => parts.status(),
        logLinesSuppressed: () => logLines.suppressed,
      })
    : undefined;
  const untold: { readonly happening: Happening; readonly nowMs: number }[] = [];
  let callOff: (() => void) | undefined;
  const tell = (): void => {
    callOff?.();
    callOff = undefined;
    for (const { happening, nowMs } of untold.splice(0)) {
      hits.observe(happening, nowMs);
      logLines.observe(happening, nowMs);
      metrics?.observe(happening);
    }
  };
  const tellLater = (): void => {
    try {
      tell();
    } catch (error) {
      parts.log.error({ err: error }, "what happened could not be told");
    }
  };
  return {
    // Books and a log line cost as much as a cue's way to the engine, and a write may block: they
    // wait until what they tell of has been sent. Whoever reads them reads them up to date.
    observe(happening) {
      untold.push({ happening, nowMs: clock.nowMs() });
      // After a fault there may be no later.
      if (happening.kind === "faulted" || untold.length >= MAX_UNTOLD) return tell();
      callOff ??= clock.schedule(TOLD_AFTER_MS, tellLater);
    },
    hitRates() {
      tell();
      const nowMs = clock.nowMs();
      return {
        sinceStart: hitRateStatus(hits.sinceStart(nowMs)),
        lastMinute: hitRateStatus(hits.lastMinute(nowMs)),
      };
    },
    page(path) {
      tell();
      return pageAt(path, { status: () => parts.status(), metrics });
    },
    close() {
      tell();
      logLines.close();
      metrics?.close();
    },
  };
}
