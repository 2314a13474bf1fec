import type { Priority } from "@banterwire/protocol";
import type { Prompt } from "./prefix-ledger.ts";
import type { RoomKey } from "./room-shares.ts";

/** A wish for one generation. */
export interface Wish {
  readonly priority: Priority;
  /** Whose share of the slots it takes. */
  readonly room: RoomKey;
  /** When its first text must be there; Infinity where nobody waits for it. */
  readonly deadlineMs: number;
  readonly prompt: Prompt;
}

/** What an engine says of a generation that it ended. Times in milliseconds. */
export interface EngineUsage {
  readonly promptTokens: number;
  readonly prefillMs: number;
  readonly loadMs: number;
}
