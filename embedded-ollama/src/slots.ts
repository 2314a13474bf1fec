/** Waiting beyond the bound is refused at once: the caller answers 503. */
export class QueueFullError extends Error {
  override readonly name = "QueueFullError";
}

/** What a slot must tell to be chosen: the tokens whose state it still holds. */
export interface CachesTokens {
  readonly cachedTokens: readonly number[];
}

interface Entry<S> {
  readonly slot: S;
  /** Order of release, for "least recently used"; 0 is never used. */
  lastUsed: number;
}

interface Waiter<S> {
  readonly tokens: readonly number[];
  readonly grant: (entry: Entry<S>) => void;
}

export interface SlotLease<S> {
  readonly slot: S;
  /** Idempotent. */
  release(): void;
}

export function commonPrefixLength(a: readonly number[], b: readonly number[]): number {
  const limit = Math.min(a.length, b.length);
  let length = 0;
  while (length < limit && a[length] === b[length]) length++;
  return length;
}

/** Below this share of the prompt a common prefix is the chat template's: whoever else holds it loses more than it saves. */
const MIN_SIMILARITY = 0.1;

/**
 * Hands out slots, each to one user at a time: the idle one with the longest prefix in common with the prompt, else the
 * least recently used, as llama-server does. Those who find none wait in order of arrival, at most `maxWaiting` of them.
 */
export class SlotPool<S extends CachesTokens> {
  readonly #idle: Entry<S>[];
  readonly #waiting: Waiter<S>[] = [];
  readonly #maxWaiting: number;
  #releases = 0;

  constructor(slots: readonly S[], maxWaiting: number) {
    this.#idle = slots.map((slot) => ({ slot, lastUsed: 0 }));
    this.#maxWaiting = maxWaiting;
  }

  get idleCount(): number {
    return this.#idle.length;
  }

  get waitingCount(): number {
    return this.#waiting.length;
  }

  /** Rejects with `QueueFullError`, or with the signal's reason when that fires before a slot is free. */
  acquire(tokens: readonly number[], signal: AbortSignal): Promise<SlotLease<S>> {
    if (signal.aborted) return Promise.reject(asError(signal.reason));
    const entry = this.#takeBest(tokens);
    if (entry) return Promise.resolve(this.#lease(entry));
    if (this.#waiting.length >= this.#maxWaiting)
      return Promise.reject(new QueueFullError(`${this.#maxWaiting} requests are waiting already`));
    return new Promise((resolve, reject) => {
      const onAbort = (): void => {
        this.#waiting.splice(this.#waiting.indexOf(waiter), 1);
        reject(asError(signal.reason));
      };
      const waiter: Waiter<S> = {
        tokens,
        grant: (granted) => {
          signal.removeEventListener("abort", onAbort);
          resolve(this.#lease(granted));
        },
      };
      signal.addEventListener("abort", onAbort, { once: true });
      this.#waiting.push(waiter);
    });
  }

  #lease(entry: Entry<S>): SlotLease<S> {
    let isHeld = true;
    return {
      slot: entry.slot,
      release: () => {
        if (!isHeld) return;
        isHeld = false;
        entry.lastUsed = ++this.#releases;
        this.#idle.push(entry);
        this.#serveNext();
      },
    };
  }

  #serveNext(): void {
    const waiter = this.#waiting.shift();
    if (!waiter) return;
    const entry = this.#takeBest(waiter.tokens);
    if (entry) waiter.grant(entry);
    else this.#waiting.unshift(waiter);
  }

  #takeBest(tokens: readonly number[]): Entry<S> | undefined {
    let best: { entry: Entry<S>; prefix: number } | undefined;
    for (const entry of this.#idle) {
      const common = commonPrefixLength(entry.slot.cachedTokens, tokens);
      const prefix = common > MIN_SIMILARITY * tokens.length ? common : 0;
      const isBetter =
        !best ||
        prefix > best.prefix ||
        (prefix === best.prefix && entry.lastUsed < best.entry.lastUsed);
      if (isBetter) best = { entry, prefix };
    }
    if (best) this.#idle.splice(this.#idle.indexOf(best.entry), 1);
    return best?.entry;
  }
}

function asError(reason: unknown): Error {
  return reason instanceof Error ? reason : new Error(String(reason));
}
