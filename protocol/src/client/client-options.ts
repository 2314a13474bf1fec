import type { Clock } from "../clock.ts";
import type { OpenTransport } from "./transport.ts";

/** How a client finds its sidecar, and what it tells the game. */
export interface ClientOptions {
  /** Where the sidecar listens, such as `ws://127.0.0.1:7433`. */
  readonly url: string;
  /** The game's token, if the sidecar wants one. */
  readonly token?: string;
  /** Budget for cues that name none, milliseconds; the sidecar's own default if absent. */
  readonly ttftBudgetMs?: number;
  /** Name and version of the game's software, for the sidecar's log. */
  readonly clientName?: string;
  /** Told about what went wrong and was dealt with; for logs. */
  readonly onTrouble?: (why: string) => void;
  /** For tests: another way to carry messages, time that stands still, chance that repeats. */
  readonly openTransport?: OpenTransport;
  readonly clock?: Clock;
  readonly random?: () => number;
}
