import type { Clock } from "@banterwire/protocol";
import { wait } from "./wait.ts";

/** One sequence of the engine, and the prompt whose KV it still holds. */
interface Slot {
  cachedPrompt: string;
  busy: boolean;
  usedAt: number;
}

/** A slot in use. */
export interface Lease {
  /** Tokens of the prompt that this slot has not in its cache. */
  readonly uncachedTokens: number;
  /** Resolves when the prompt is read, or at once at an abort: the slot is held to its end. */
  prefill(ms: number, signal: AbortSignal): Promise<void>;
  /** Once; after that nothing happens. */
  readonly release: () => void;
}

/** llama.cpp's slots with Ollama's queue before them: without bound, first come first served. */
export class EngineSlots {
  readonly #clock: Clock;
  readonly #slots: Slot[];
  readonly #queue: (() => void)[] = [];
  #uses = 0;

  constructor(slots: number, clock: Clock) {
    this.#clock = clock;
    this.#slots = Array.from({ length: slots }, () => ({
      cachedPrompt: "",
      busy: false,
      usedAt: 0,
    }));
  }

  get hasFree(): boolean {
    return this.#slots.some(({ busy }) => !busy);
  }

  /** A slot for the prompt; undefined if the client left the queue. */
  async acquire(prompt: string, signal: AbortSignal): Promise<Lease | undefined> {
    while (!this.hasFree) {
      await this.#turn(signal);
      if (!signal.aborted) continue;
      // Who left when its turn had come leaves it to the next one.
      if (this.hasFree) this.#queue.shift()?.();
      return undefined;
    }
    const slot = this.#bestFor(prompt);
    const uncachedTokens = tokensIn(prompt) - tokensIn(commonStart(prompt, slot.cachedPrompt));
    slot.busy = true;
    slot.usedAt = ++this.#uses;
    slot.cachedPrompt = prompt;
    return this.#lease(slot, uncachedTokens);
  }

  /** The model was unloaded: nothing is cached any more. */
  forget(): void {
    for (const slot of this.#slots) slot.cachedPrompt = "";
  }

  #lease(slot: Slot, uncachedTokens: number): Lease {
    let prefillEndMs = 0;
    let isHeld = true;
    const free = (): void => {
      slot.busy = false;
      this.#queue.shift()?.();
    };
    return {
      uncachedTokens,
      prefill: (ms, signal) => {
        prefillEndMs = this.#clock.nowMs() + ms;
        return wait(this.#clock, ms, signal);
      },
      release: () => {
        if (!isHeld) return;
        isHeld = false;
        // A cancelled prefill goes on: the engine looks up only when it is through.
        const leftMs = prefillEndMs - this.#clock.nowMs();
        if (leftMs > 0) this.#clock.schedule(leftMs, free);
        else free();
      },
    };
  }

  #turn(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const leave = (): void => {
        const at = this.#queue.indexOf(enter);
        if (at !== -1) this.#queue.splice(at, 1);
        resolve();
      };
      const enter = (): void => {
        signal.removeEventListener("abort", leave);
        resolve();
      };
      this.#queue.push(enter);
      signal.addEventListener("abort", leave, { once: true });
    });
  }

  /** The idle slot with the longest common start, else the one unused for longest. */
  #bestFor(prompt: string): Slot {
    const idle = this.#slots.filter(({ busy }) => !busy);
    const shared = (slot: Slot): number => commonStart(prompt, slot.cachedPrompt).length;
    const [best] = idle.sort((a, b) => shared(b) - shared(a) || a.usedAt - b.usedAt);
    if (!best) throw new Error("no slot is idle");
    return best;
  }
}

function commonStart(a: string, b: string): string {
  let length = 0;
  while (length < a.length && a[length] === b[length]) length++;
  return a.slice(0, length);
}

/** Words stand for tokens. */
export function tokensIn(text: string): number {
  return text.match(/\S+/gu)?.length ?? 0;
}
