import type { Priority } from "@banterwire/protocol";
import type { ChatMessage, PromptStyle } from "../chat.ts";
import type { Options } from "../config/model-options.ts";
import type { CancelReason, FailureKind } from "../happening.ts";
import type { Fault } from "../policy/cue-route.ts";
import type { RoomKey } from "../policy/room-shares.ts";

export interface ChatRequest {
  readonly messages: readonly ChatMessage[];
  /** Tokens to generate at most. */
  readonly maxTokens: number;
  /** Of the model, beside its frozen ones; one that would have it loaded anew fails the request. */
  readonly options?: Options | undefined;
}

/** What the engine said when it had finished. */
export interface Generation {
  readonly stoppedBy: "stop" | "length";
  readonly loadMs: number;
  readonly prefillMs: number;
  /** Of the whole prompt, cached ones included; 0 where it did not say. */
  readonly promptTokens: number;
  readonly tokens: number;
}

/** Why a generation did not finish. */
export interface Failure {
  readonly kind: FailureKind;
  readonly why: string;
  /** The HTTP status, where the engine answered with another than 200. */
  readonly status?: number;
}

/** Those of 400 to 499 that a request like any other may get: no entry, no model, too many. */
const OF_ENDPOINT = new Set([401, 403, 404, 407, 408, 429]);

/** What a failure is put down to: one prompt that is too long must not cost others their engine. */
export function faultOf({ kind, status = 0 }: Failure): Fault {
  if (kind === "options") return "model";
  return status >= 400 && status < 500 && !OF_ENDPOINT.has(status) ? "request" : "endpoint";
}

/**
 * Told about one generation, in the loop turn in which it happened. After `done` or `failed`
 * nothing more comes; after an abort nothing comes at all.
 */
export interface GenerationEvents {
  /** The request is on its way on a connected socket. */
  sent(): void;
  /** A piece of text; the first may be empty. */
  text(piece: string): void;
  done(generation: Generation): void;
  failed(failure: Failure): void;
}

/** Where lines come from: an endpoint with its model and its slots. */
export interface Upstream {
  readonly promptStyle: PromptStyle;
  /** Undefined while it can answer; else why it cannot, for operators. */
  readonly unavailable: string | undefined;
  /**
   * How many characters of prompt after a prefix are likely to be read and answered by the
   * deadline, where such a cue would go now; Infinity where too little is known.
   */
  charsAfter(prefix: string, cue: PromptedCue): number;
  /** Takes a slot for a generation, now or as soon as one is free. */
  request(wish: SlotRequest): void;
}

/** A cue whose prompt is being written. */
export type PromptedCue = Pick<SlotRequest, "character" | "priority" | "deadlineMs">;

/** The abort's reason where a generation had no text when its time was up: its engine is to blame. */
export const TOO_LATE = "budget" satisfies CancelReason;

/** One generation to be opened. */
export interface GenerationRequest {
  readonly request: ChatRequest;
  /** Aborting closes its socket; the reason says why, such as `TOO_LATE`. */
  readonly signal: AbortSignal;
  readonly events: GenerationEvents;
}

/** A wish for a slot and what to do with it; aborting it in the queue leaves the queue. */
export interface SlotRequest extends GenerationRequest {
  /** Who is to speak, by the id that its room has for it. */
  readonly character: string;
  readonly priority: Priority;
  /** Whose share of the slots it takes; names a room over all connections. */
  readonly room: RoomKey;
  /** When its first text must be there, on the sidecar's clock; Infinity where nobody waits for it. */
  readonly deadlineMs: number;
  /** A slot was granted; the request is being sent. */
  granted(): void;
  /** It cannot have a slot in time, or there is no place to wait for one. */
  refused(): void;
  /** Its slot goes to a cue: nothing more comes of it, and its signal is to be aborted. */
  preempted(): void;
}
