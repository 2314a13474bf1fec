import { CANARY_TIMEOUT_MS } from "../policy/care.ts";
import type { Observe } from "../happening.ts";
import { type CanaryTask, CrowdedOutError, GenerationError, UnansweredError } from "./canary.ts";
import type { SlotDesk } from "./slot-desk.ts";

export interface WarmUpParts {
  readonly desk: SlotDesk;
  readonly observe: Observe;
  /** Asks the engine for one token. */
  readonly canary: (task: CanaryTask) => Promise<unknown>;
  readonly isWarm: () => boolean;
  /** One more prefix is warm, or cannot become so. */
  readonly onProgress: () => void;
}

/** Prefills cold prefixes one at a time, as long as no cue wants the slot. */
export async function warmPrefixes(parts: WarmUpParts): Promise<void> {
  const { desk, isWarm, onProgress } = parts;
  while (desk.isIdle && isWarm()) {
    const prefix = desk.nextToWarm();
    if (prefix === undefined || !(await warm(prefix, parts))) return;
    onProgress();
  }
}

/** Says whether to go on with the next. */
async function warm(prefix: string, { desk, observe, canary }: WarmUpParts): Promise<boolean> {
  try {
    await canary({
      prefix: { role: "system", content: prefix },
      timeoutMs: CANARY_TIMEOUT_MS,
    });
    return true;
  } catch (error) {
    // What was read of it may be there when its character is asked; if not, it is warmed later.
    if (error instanceof CrowdedOutError || error instanceof UnansweredError) return false;
    // Such as a persona longer than the context: its lines fail, the others need not.
    if (!(error instanceof GenerationError) || !error.isRefusal) throw error;
    // Such as by an engine that has too much to do: it may take it later.
    if (!error.isFinal) return false;
    desk.warmth.happened(prefix, "refused");
    observe({ kind: "warmUpRefused", why: error.message });
    return true;
  }
}
