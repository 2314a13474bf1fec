import type { ChatMessage, PromptStyle } from "../chat.ts";
import type { Endpoint } from "./endpoint.ts";

type PrefixIn = (style: PromptStyle) => ChatMessage;

/** A prefix that is to be warm wherever lines come from. */
interface Kept {
  readonly prefix: PrefixIn;
  /** How to let go of it at each endpoint that keeps it. */
  readonly drops: Map<Endpoint, () => void>;
}

/**
 * The endpoint that lines come from, and how it gives way to another one: the next is brought up
 * beside it with the characters' prefixes, takes over when it is warm, and the former one ends
 * the lines that it has begun before it is closed.
 */
export class UpstreamSwitch {
  readonly #kept = new Set<Kept>();
  readonly #retiring = new Map<Endpoint, Promise<void>>();
  #current: Endpoint;
  #next: Endpoint | undefined;

  constructor(first: Endpoint) {
    this.#current = first;
  }

  get current(): Endpoint {
    return this.#current;
  }

  /** The one that is to take over, while there is one. */
  get next(): Endpoint | undefined {
    return this.#next;
  }

  /** Those that still end lines; each goes when it is closed. */
  get retiring(): readonly Endpoint[] {
    return [...this.#retiring.keys()];
  }

  start(): void {
    this.#current.start();
  }

  keepWarm(prefix: PrefixIn): () => void {
    const kept: Kept = { prefix, drops: new Map() };
    this.#kept.add(kept);
    keepAt(this.#current, kept);
    if (this.#next) keepAt(this.#next, kept);
    return () => {
      this.#kept.delete(kept);
      for (const drop of kept.drops.values()) drop();
    };
  }

  /** Starts `next`, which takes over as soon as it can; it calls off one that has not yet. */
  replaceBy(next: Endpoint): void {
    this.callOff();
    this.#next = next;
    for (const kept of this.#kept) keepAt(next, kept);
    next.start(() => this.#takeOver(next));
  }

  /** The current endpoint stays. */
  callOff(): void {
    const called = this.#next;
    this.#next = undefined;
    if (called) this.#letGo(called, called.close());
  }

  /** Every endpoint is closed, with what is in flight. */
  async close(): Promise<void> {
    const all = [this.#current, ...(this.#next ? [this.#next] : []), ...this.#retiring.keys()];
    await Promise.all(all.map((endpoint) => endpoint.close()));
  }

  #takeOver(next: Endpoint): void {
    if (this.#next !== next || next.unavailable !== undefined) return;
    // Cold prefixes cost their characters a miss: worth a wait, unless nobody answers meanwhile.
    if (next.hasColdPrefix && this.#current.unavailable === undefined) return;
    const former = this.#current;
    this.#current = next;
    this.#next = undefined;
    this.#letGo(former, former.retire());
  }

  #letGo(endpoint: Endpoint, closed: Promise<void>): void {
    for (const { drops } of this.#kept) {
      drops.get(endpoint)?.();
      drops.delete(endpoint);
    }
    this.#retiring.set(
      endpoint,
      closed.finally(() => this.#retiring.delete(endpoint)),
    );
  }
}

function keepAt(endpoint: Endpoint, { prefix, drops }: Kept): void {
  drops.set(endpoint, endpoint.keepWarm(prefix(endpoint.promptStyle)));
}
