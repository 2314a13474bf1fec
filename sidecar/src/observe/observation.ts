import type { Clock } from "@banterwire/protocol";
import type { Observe } from "../happening.ts";
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
  return {
    observe(happening) {
      hits.observe(happening, clock.nowMs());
      logLines.observe(happening);
      metrics?.observe(happening);
    },
    hitRates() {
      const nowMs = clock.nowMs();
      return {
        sinceStart: hitRateStatus(hits.sinceStart(nowMs)),
        lastMinute: hitRateStatus(hits.lastMinute(nowMs)),
      };
    },
    page: (path) => pageAt(path, { status: () => parts.status(), metrics }),
    close() {
      logLines.close();
      metrics?.close();
    },
  };
}
