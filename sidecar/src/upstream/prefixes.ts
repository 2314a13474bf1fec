import type { ChatMessage } from "../chat.ts";

/** Prefixes kept in mind; more characters than this share the engine's own cache policy. */
const MAX_PREFIXES = 256;

/** The characters' prompt prefixes: which ones the engine has prefilled since its last load. */
export class Prefixes {
  readonly #known = new Map<string, { users: number; warm: boolean }>();

  /** Asks for a prefix to be kept warm; returns how to take that back. */
  keep(prefix: ChatMessage): () => void {
    const known = this.#known.get(prefix.content);
    if (known) known.users++;
    else if (this.#known.size < MAX_PREFIXES) {
      this.#known.set(prefix.content, { users: 1, warm: false });
    }
    return () => this.#drop(prefix.content);
  }

  /** A prefix that waits to be warmed. */
  nextCold(): ChatMessage | undefined {
    for (const [content, { warm }] of this.#known) if (!warm) return { role: "system", content };
    return undefined;
  }

  markWarm(prefix: ChatMessage): void {
    const known = this.#known.get(prefix.content);
    if (known) known.warm = true;
  }

  /** The engine was loaded anew: it has forgotten all of them. */
  forgetAll(): void {
    for (const known of this.#known.values()) known.warm = false;
  }

  #drop(content: string): void {
    const known = this.#known.get(content);
    if (known && --known.users === 0) this.#known.delete(content);
  }
}
