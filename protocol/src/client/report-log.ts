import type { Outcome as OutcomeMessage } from "../messages/outcome.ts";
import type { Outcome } from "./hit-rates.ts";
import type { OpenLine } from "./open-line.ts";

/** Outcomes kept while no sidecar is there to hear them. */
const MAX_KEPT = 1_024;

/** Keeps outcomes until they can be sent; at its bound the oldest are dropped. */
export class ReportLog {
  readonly #kept: OutcomeMessage[] = [];
  readonly #send: (report: OutcomeMessage) => boolean;

  constructor(send: (report: OutcomeMessage) => boolean) {
    this.#send = send;
  }

  add(report: OutcomeMessage): void {
    if (this.#send(report)) return;
    if (this.#kept.length >= MAX_KEPT) this.#kept.shift();
    this.#kept.push(report);
  }

  /** Sends what was kept, the oldest first, as far as it can be sent. */
  flush(): void {
    for (;;) {
      const [oldest] = this.#kept;
      if (!oldest || !this.#send(oldest)) return;
      this.#kept.shift();
    }
  }
}

const UINT32_MAX = 0xffff_ffff;

/** What the sidecar is told of a line that has ended. */
export function outcomeReport(line: OpenLine, outcome: Outcome): OutcomeMessage {
  const { ttftMs } = outcome;
  return {
    kind: "outcome",
    line: line.id,
    room: line.room,
    character: line.character,
    priority: outcome.priority,
    source: outcome.source,
    ttftUs: ttftMs === undefined ? null : Math.min(UINT32_MAX, Math.round(ttftMs * 1000)),
    budgetMs: Math.round(outcome.budgetMs),
    roomStall: outcome.roomStall,
    withdrawn: outcome.withdrawn,
  };
}
