import type { Clock } from "@banterwire/protocol";
import type { ChatMessage } from "../chat.ts";
import { MAX_TOKEN_GAP_MS } from "../config.ts";
import type { Dispatch, SlotDesk } from "./slot-desk.ts";
import type { Failure, SlotRequest } from "./upstream.ts";

/** A generation of our own that had no chunk in time. */
export class UnansweredError extends Error {
  constructor() {
    super("the engine gave no answer");
    this.name = "UnansweredError";
  }
}

/** A generation of our own that made way for a cue. */
export class CrowdedOutError extends Error {
  constructor() {
    super("a cue needed the slot");
    this.name = "CrowdedOutError";
  }
}

/** Of who was not let in, or came to one with too much to do: the same may be taken later. */
const MAYBE_LATER: ReadonlySet<number> = new Set([401, 403, 407, 408, 429, 502, 503, 504]);

/** A generation of our own that failed. */
export class GenerationError extends Error {
  /** The engine answered, and would not. */
  readonly isRefusal: boolean;
  /** It would not another time either. */
  readonly isFinal: boolean;

  constructor(failure: Failure) {
    const { kind, why } = failure;
    super(why);
    this.name = "GenerationError";
    this.isRefusal = kind === "status" || kind === "engine";
    this.isFinal = !MAYBE_LATER.has(failure.status ?? 0);
  }
}

/** How our own generations get to the engine. */
export interface CanaryParts {
  readonly desk: SlotDesk;
  readonly dispatch: Dispatch;
  readonly clock: Clock;
  /** Gives it up. */
  readonly signal: AbortSignal;
}

/** What one of them is for. */
export interface CanaryTask {
  readonly timeoutMs: number;
  /** What to prefill on the way; then it is ambience, which makes way for any cue. */
  readonly prefix?: ChatMessage;
}

/** Whose share of the slots our own generations take. */
const OWN_ROOM = "sidecar";

/**
 * Asks for one token through a slot like any other; resolves with its TTFT, milliseconds.
 * @throws UnansweredError, CrowdedOutError or GenerationError
 */
export function sendCanary(
  { desk, dispatch, clock, signal }: CanaryParts,
  { timeoutMs, prefix }: CanaryTask,
): Promise<number> {
  // An aborted signal tells nobody any more: the canary would never end, nor would closing.
  signal.throwIfAborted();
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  // Not one made by AbortSignal.any: with a listener that is kept for as long as its sources live.
  const ending = new AbortController();
  const giveUp = (): void => ending.abort(signal.reason);
  signal.addEventListener("abort", giveUp, { once: true });
  const expireIn = (ms: number): (() => void) => clock.schedule(ms, () => ending.abort());
  let disarm = expireIn(timeoutMs);
  const sentMs = clock.nowMs();
  let firstMs: number | undefined;
  const end = (): void => {
    // Its token came: an engine that then stands still is no engine that answers nothing.
    if (firstMs === undefined) reject(new UnansweredError());
    else resolve(firstMs - sentMs);
  };
  ending.signal.addEventListener("abort", end, { once: true });
  const wish: SlotRequest = {
    request: {
      messages: [...(prefix ? [prefix] : []), { role: "user", content: "Hello there." }],
      maxTokens: 1,
    },
    priority: prefix ? "ambient" : "reply",
    character: OWN_ROOM,
    room: OWN_ROOM,
    deadlineMs: Infinity,
    signal: ending.signal,
    granted: () => {},
    refused: () => reject(new CrowdedOutError()),
    preempted() {
      reject(new CrowdedOutError());
      ending.abort();
    },
    events: {
      sent: () => {},
      text() {
        if (firstMs !== undefined) return;
        firstMs = clock.nowMs();
        // All that is due now is its end: no reason to keep the slot for as long as a load may take.
        disarm();
        disarm = expireIn(MAX_TOKEN_GAP_MS);
      },
      done: () => resolve((firstMs ?? clock.nowMs()) - sentMs),
      failed: (failure) => reject(new GenerationError(failure)),
    },
  };
  desk.request(wish, dispatch);
  return promise.finally(() => {
    disarm();
    signal.removeEventListener("abort", giveUp);
  });
}
