import type { Clock } from "@banterwire/protocol";
import type { ChatMessage } from "../chat.ts";
import type { Dispatch, SlotDesk } from "./slot-desk.ts";
import type { Failure } from "./upstream.ts";

/** A generation of our own that was not answered in time. */
export class UnansweredError extends Error {
  constructor() {
    super("the engine gave no answer");
    this.name = "UnansweredError";
  }
}

/** A generation of our own that failed. */
export class GenerationError extends Error {
  /** The engine answered, and would not. */
  readonly isRefusal: boolean;

  constructor({ kind, why }: Failure) {
    super(why);
    this.name = "GenerationError";
    this.isRefusal = kind === "status" || kind === "engine";
  }
}

export interface CanaryParts {
  readonly desk: SlotDesk;
  readonly dispatch: Dispatch;
  readonly clock: Clock;
  /** Gives it up. */
  readonly signal: AbortSignal;
  readonly timeoutMs: number;
  /** What to prefill on the way. */
  readonly prefix: ChatMessage | undefined;
}

/**
 * Asks for one token through a slot like any other; resolves with its TTFT, milliseconds.
 * @throws UnansweredError, or GenerationError
 */
export function sendCanary(parts: CanaryParts): Promise<number> {
  const { desk, dispatch, clock, signal, timeoutMs, prefix } = parts;
  // An aborted signal tells nobody any more: the canary would never end, nor would closing.
  signal.throwIfAborted();
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  const expiry = new AbortController();
  const disarm = clock.schedule(timeoutMs, () => expiry.abort());
  const sentMs = clock.nowMs();
  let firstMs: number | undefined;
  const ending = AbortSignal.any([signal, expiry.signal]);
  ending.addEventListener("abort", () => reject(new UnansweredError()), { once: true });
  desk.request(
    {
      request: {
        messages: [...(prefix ? [prefix] : []), { role: "user", content: "Hello there." }],
        maxTokens: 1,
      },
      signal: ending,
      granted: () => {},
      refused: () => reject(new Error("every slot and place in the queue is taken")),
      events: {
        sent: () => {},
        text: () => (firstMs ??= clock.nowMs()),
        done: () => resolve((firstMs ?? clock.nowMs()) - sentMs),
        failed: (failure) => reject(new GenerationError(failure)),
      },
    },
    dispatch,
  );
  return promise.finally(disarm);
}
