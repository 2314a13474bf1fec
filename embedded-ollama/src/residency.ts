/** How long a model stays loaded after its last use. */
export type KeepAlive =
  | { readonly kind: "forever" }
  | { readonly kind: "for"; readonly ms: number };

export interface Clock {
  nowMs(): number;
  /** Runs `task` once after `ms`; the result cancels it. */
  after(ms: number, task: () => void): () => void;
}

export interface Loader<R> {
  load(): Promise<R>;
  /** Must not reject: there is nobody left to tell. */
  unload(resource: R): Promise<void>;
}

export interface Lease<R> {
  readonly resource: R;
  /** Idempotent. */
  release(): void;
}

/** `setTimeout` takes no more than this: a longer keep-alive ends after 24.8 days. */
const MAX_TIMER_MS = 2 ** 31 - 1;

type State<R> =
  | { readonly kind: "absent" }
  | { readonly kind: "loading"; readonly settled: Promise<void> }
  | {
      readonly kind: "resident";
      readonly resource: R;
      users: number;
      keepAlive: KeepAlive;
      expiresAtMs: number;
      cancelExpiry: () => void;
    }
  | { readonly kind: "unloading"; readonly settled: Promise<void> };

type Resident<R> = Extract<State<R>, { kind: "resident" }>;

const NOTHING = (): void => undefined;

/**
 * Loads one resource when it is wanted and unloads it when its keep-alive is over, never while it is in use.
 * The latest request that names a keep-alive decides; a fresh load starts with `defaultKeepAlive`.
 */
export class Residency<R> {
  readonly #loader: Loader<R>;
  readonly #clock: Clock;
  readonly #defaultKeepAlive: KeepAlive;
  #state: State<R> = { kind: "absent" };
  #isClosed = false;
  #onIdle: () => void = NOTHING;

  constructor(loader: Loader<R>, clock: Clock, defaultKeepAlive: KeepAlive) {
    this.#loader = loader;
    this.#clock = clock;
    this.#defaultKeepAlive = defaultKeepAlive;
  }

  /** Undefined when nothing is loaded; `expiresAtMs` is Infinity for a keep-alive without end. */
  get status(): { readonly expiresAtMs: number } | undefined {
    const state = this.#state;
    if (state.kind !== "resident") return undefined;
    return { expiresAtMs: state.users > 0 ? this.#expiryOf(state.keepAlive) : state.expiresAtMs };
  }

  /** Loads when needed; rejects with the loader's error. */
  async acquire(keepAlive?: KeepAlive): Promise<Lease<R>> {
    for (;;) {
      if (this.#isClosed) throw new Error("the server is shutting down");
      const state = this.#state;
      if (state.kind === "resident") return this.#lease(state, keepAlive);
      await (state.kind === "absent" ? this.#startLoading() : state.settled);
    }
  }

  /** Unloads as soon as nobody uses the resource; resolves at once, without waiting for that. */
  expire(): void {
    const state = this.#state;
    if (state.kind !== "resident") return;
    state.keepAlive = { kind: "for", ms: 0 };
    if (state.users === 0) this.#startUnloading(state);
  }

  /** Waits for its users to leave and unloads; nothing can be acquired after. */
  async close(): Promise<void> {
    this.#isClosed = true;
    for (;;) {
      const state = this.#state;
      if (state.kind === "absent") return;
      if (state.kind !== "resident") await state.settled.catch(NOTHING);
      else if (state.users === 0) this.#startUnloading(state);
      else await new Promise<void>((resolve) => (this.#onIdle = resolve));
    }
  }

  #lease(state: Resident<R>, keepAlive: KeepAlive | undefined): Lease<R> {
    if (keepAlive) state.keepAlive = keepAlive;
    state.users++;
    state.cancelExpiry();
    let isHeld = true;
    return {
      resource: state.resource,
      release: () => {
        if (!isHeld) return;
        isHeld = false;
        state.users--;
        if (state.users > 0) return;
        this.#scheduleExpiry(state);
        this.#onIdle();
      },
    };
  }

  #scheduleExpiry(state: Resident<R>): void {
    const { keepAlive } = state;
    state.expiresAtMs = this.#expiryOf(keepAlive);
    if (keepAlive.kind === "forever") return;
    if (keepAlive.ms <= 0) return this.#startUnloading(state);
    state.cancelExpiry = this.#clock.after(Math.min(keepAlive.ms, MAX_TIMER_MS), () => {
      this.#startUnloading(state);
    });
  }

  #expiryOf(keepAlive: KeepAlive): number {
    return keepAlive.kind === "forever" ? Infinity : this.#clock.nowMs() + keepAlive.ms;
  }

  #startLoading(): Promise<void> {
    const settled = this.#load();
    this.#state = { kind: "loading", settled };
    return settled;
  }

  async #load(): Promise<void> {
    try {
      const resource = await this.#loader.load();
      this.#state = {
        kind: "resident",
        resource,
        users: 0,
        keepAlive: this.#defaultKeepAlive,
        expiresAtMs: Infinity,
        cancelExpiry: NOTHING,
      };
    } catch (error) {
      this.#state = { kind: "absent" };
      throw error;
    }
  }

  #startUnloading(state: Resident<R>): void {
    state.cancelExpiry();
    this.#state = { kind: "unloading", settled: this.#unload(state.resource) };
  }

  async #unload(resource: R): Promise<void> {
    await this.#loader.unload(resource);
    this.#state = { kind: "absent" };
  }
}
