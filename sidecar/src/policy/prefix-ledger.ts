/** The texts of a prompt's messages in order, the stable one first. */
export type Prompt = readonly string[];

/** How an engine caches prompts. */
export interface CacheRules {
  /** Room for prompts that have lost their slot, characters; 0 where the engine keeps none. */
  readonly memoryChars: number;
  /** The share of a prompt that a slot must hold already to be preferred to the one unused for longest. */
  readonly minSimilarity: number;
  /** Sequences that it has at least, each with its prompt, where those are more than its slots. */
  readonly sequences?: number;
}

/** A slot in use for a prompt. */
export interface Place {
  readonly slot: CachedSlot;
  readonly prompt: Prompt;
  readonly chars: number;
  readonly uncachedChars: number;
  /** The prefixes that are cached nowhere any more, because this prompt drove them out. */
  readonly evicted: readonly string[];
}

interface Cached {
  readonly prompt: Prompt;
  /** Of the prompt's characters, how many are known to be cached. */
  readonly chars: number;
  /** The prefix that it was compared with last, which is asked for again, and what they share. */
  compared: string | undefined;
  comparedChars: number;
}

export interface CachedSlot {
  cached: Cached;
  busy: boolean;
}

/** Texts are compared by so many characters at a time, which is quicker than one by one. */
const CHUNK_CHARS = 64;
/** Prompts that were asked about and may be again; past it they are looked at anew. */
const MAX_ASKED = 512;
/** What the chat template puts before every prompt. */
const TEMPLATE_CHARS = 16;
/** A slot that keeps less than this share of what it held has the rest put into memory first. */
const MIN_KEPT = 0.5;

/**
 * What we think an engine has cached. Ollama names no slots, so this follows llama-server's rules:
 * a prompt goes to the idle slot that shares most of it, else to the one unused for longest; what
 * is driven out goes to the engine's memory, where it has one, and from there the oldest go.
 */
export class PrefixLedger {
  readonly #minSimilarity: number;
  readonly #sequences: number;
  #memoryChars: number;
  /** By prefix, the oldest first. */
  readonly #memory = new Map<string, Cached>();
  #usedChars = 0;
  #total: number;
  /** Those that were ever used, the one unused for longest first; most of many never are. */
  #slots: CachedSlot[] = [];
  /** Answers of `uncachedChars`: those who wait are asked about at each event, and little changes. */
  readonly #asked = new Map<Prompt, number>();

  constructor(slots: number, rules: CacheRules) {
    this.#minSimilarity = rules.minSimilarity;
    this.#memoryChars = rules.memoryChars;
    this.#sequences = rules.sequences ?? 0;
    this.#total = Math.max(slots, this.#sequences);
  }

  /** Those that are in use stay until they are released. */
  resize(slots: number): void {
    this.#asked.clear();
    this.#total = Math.max(slots, this.#sequences);
    this.#slots = this.#slots.slice(-this.#total);
  }

  /** How many prompts of so many characters it has room for. */
  capacity(charsEach: number): number {
    return this.#total + Math.floor(this.#memoryChars / Math.max(1, charsEach));
  }

  /** Whether all of a prefix is cached somewhere. */
  holds(prefix: string): boolean {
    return this.#isInSlot(prefix) || this.#isInMemory(prefix);
  }

  /** Characters of a prompt that would have to be read if it were sent now, or next. */
  uncachedChars(prompt: Prompt): number {
    const known = this.#asked.get(prompt);
    if (known !== undefined) return known;
    if (this.#asked.size >= MAX_ASKED) this.#asked.clear();
    const uncachedChars = this.#countUncached(prompt);
    this.#asked.set(prompt, uncachedChars);
    return uncachedChars;
  }

  #countUncached(prompt: Prompt): number {
    const isAnyIdle = this.#hasUnused || this.#slots.some(({ busy }) => !busy);
    const chars = charsOf(prompt);
    let shared = this.#remembered(prompt);
    for (const { cached, busy } of this.#slots) {
      if (shared === chars) break;
      const mayShareMore = cached.chars > shared && !(busy && isAnyIdle);
      if (mayShareMore) shared = Math.max(shared, sharedChars(prompt, cached));
    }
    return chars - shared;
  }

  /** The prefixes that are cached, and would be so nowhere any more if a prompt were sent now. */
  wouldEvict(prompt: Prompt): readonly string[] {
    const { slot, shared } = this.#choose(prompt, charsOf(prompt));
    const { cached: former } = slot;
    const [own = ""] = former.prompt;
    const isRestored = this.#remembered(prompt) > shared;
    const goes = this.#isKept(former, shared)
      ? this.#crowdedOutBy(former, isRestored ? prompt[0] : undefined).filter(
          (prefix) => !this.#isInSlot(prefix),
        )
      : [own].filter((prefix) => !this.#isInSlot(prefix, slot) && !this.#isInMemory(prefix));
    return goes.filter((prefix) => prefix !== prompt[0] && this.holds(prefix));
  }

  /** Puts a prompt where the engine will. */
  take(prompt: Prompt): Place {
    this.#asked.clear();
    const chars = charsOf(prompt);
    const { slot, shared } = this.#choose(prompt, chars);
    const at = this.#slots.indexOf(slot);
    if (at !== -1) this.#slots.splice(at, 1);
    // Where it is not, more are in flight than there are slots: somebody took slots away.
    if (this.#hasUnused) this.#slots.push(slot);
    const remembered = this.#remembered(prompt);
    const reused = Math.max(shared, remembered);
    // What is brought back from memory is there no longer.
    if (remembered > shared) this.#forget(prompt[0] ?? "");
    const former = slot.cached;
    slot.busy = true;
    // Until it is through, only what it found is known to be there.
    slot.cached = cachedOf(prompt, reused);
    const endangered = former.prompt.slice(0, 1);
    if (this.#isKept(former, shared)) endangered.push(...this.#remember(former));
    const evicted = endangered.filter((prefix) => prefix !== prompt[0] && !this.holds(prefix));
    return { slot, prompt, chars, uncachedChars: chars - reused, evicted };
  }

  /** @param isRead the engine got through the prompt, so that all of it is cached */
  release({ slot, prompt, chars }: Place, isRead: boolean): void {
    this.#asked.clear();
    slot.busy = false;
    if (isRead) slot.cached = cachedOf(prompt, chars);
  }

  /** The engine was loaded anew: it has forgotten everything, and may have other memory. */
  clear(memoryChars: number): void {
    this.#asked.clear();
    this.#memoryChars = memoryChars;
    this.#memory.clear();
    this.#usedChars = 0;
    for (const slot of this.#slots) slot.cached = cachedOf([], 0);
  }

  #choose(prompt: Prompt, chars: number): { slot: CachedSlot; shared: number } {
    const least = this.#minSimilarity * chars;
    let best: { slot: CachedSlot; shared: number } | undefined;
    for (const slot of this.#slots) {
      if (best?.shared === chars) break;
      const mayShareMore = !best || slot.cached.chars > best.shared;
      if (slot.busy || !mayShareMore) continue;
      const all = sharedChars(prompt, slot.cached);
      const shared = all > least ? all : 0;
      if (!best || shared > best.shared) best = { slot, shared };
    }
    // One that was never used is the one unused for longest.
    if (best && (best.shared > 0 || !this.#hasUnused)) return best;
    return { slot: newSlot(), shared: 0 };
  }

  get #hasUnused(): boolean {
    return this.#slots.length < this.#total;
  }

  #remembered(prompt: Prompt): number {
    const [prefix] = prompt;
    const cached = prefix === undefined ? undefined : this.#memory.get(prefix);
    return cached ? sharedChars(prompt, cached) : 0;
  }

  /** Whether what a slot held goes to memory when the slot goes on with so much of it. */
  #isKept({ prompt, chars }: Cached, shared: number): boolean {
    return prompt.length > 0 && shared < chars * MIN_KEPT && chars <= this.#memoryChars;
  }

  /** Returns what had to go for it. */
  #remember(cached: Cached): string[] {
    const [prefix = ""] = cached.prompt;
    const gone = this.#crowdedOutBy(cached);
    for (const one of [...gone, prefix]) this.#forget(one);
    this.#memory.set(prefix, cached);
    this.#usedChars += cached.chars;
    return gone;
  }

  /**
   * What leaves the memory when this joins it: the oldest, as many as it needs.
   * @param but one that is about to leave it anyway
   */
  #crowdedOutBy({ prompt: [own = ""], chars }: Cached, but = own): string[] {
    const leaving = new Set([own, but]);
    let usedChars = this.#usedChars + chars;
    for (const prefix of leaving) usedChars -= this.#memory.get(prefix)?.chars ?? 0;
    const gone: string[] = [];
    if (usedChars <= this.#memoryChars) return gone;
    for (const [prefix, cached] of this.#memory) {
      if (usedChars <= this.#memoryChars) break;
      if (leaving.has(prefix)) continue;
      usedChars -= cached.chars;
      gone.push(prefix);
    }
    return gone;
  }

  /** @param but one that does not count */
  #isInSlot(prefix: string, but?: CachedSlot): boolean {
    return this.#slots.some((slot) => slot !== but && isHeldBy(slot.cached, prefix));
  }

  #isInMemory(prefix: string): boolean {
    const cached = this.#memory.get(prefix);
    return cached !== undefined && isHeldBy(cached, prefix);
  }

  #forget(prefix: string): void {
    this.#usedChars -= this.#memory.get(prefix)?.chars ?? 0;
    this.#memory.delete(prefix);
  }
}

function isHeldBy({ prompt, chars }: Cached, prefix: string): boolean {
  return prompt[0] === prefix && chars >= prefix.length;
}

function newSlot(): CachedSlot {
  return { cached: cachedOf([], 0), busy: false };
}

function cachedOf(prompt: Prompt, chars: number): Cached {
  return { prompt, chars, compared: undefined, comparedChars: 0 };
}

/** With the template's share. */
function charsOf(prompt: Prompt): number {
  let chars = TEMPLATE_CHARS;
  for (const text of prompt) chars += text.length;
  return chars;
}

/** How much of the prompt's start is cached. */
function sharedChars(prompt: Prompt, cached: Cached): number {
  if (cached.chars === 0) return 0;
  let shared = TEMPLATE_CHARS;
  for (let index = 0; index < prompt.length; index++) {
    const text = prompt[index] ?? "";
    const common =
      index === 0 ? sharedPrefix(text, cached) : commonStart(text, cached.prompt[index]);
    shared += common;
    if (common < text.length) break;
  }
  return Math.min(shared, cached.chars);
}

function sharedPrefix(prefix: string, cached: Cached): number {
  if (cached.compared !== prefix) {
    cached.compared = prefix;
    cached.comparedChars = commonStart(prefix, cached.prompt[0]);
  }
  return cached.comparedChars;
}

function commonStart(one: string, other = ""): number {
  if (one === other) return one.length;
  const most = Math.min(one.length, other.length);
  let length = 0;
  while (length < most) {
    const next = length + CHUNK_CHARS;
    if (one.slice(length, next) !== other.slice(length, next)) break;
    length = next;
  }
  while (length < most && one.charCodeAt(length) === other.charCodeAt(length)) length++;
  return Math.min(most, length);
}
