import type { Clock } from "@banterwire/protocol";
import type { Bookkeeper } from "./books.ts";
import { wait } from "./wait.ts";

/** A model in memory, or on its way there. */
interface Resident {
  readonly model: string;
  readonly runnerOptions: string;
  readonly contextLength: number;
  /** On the wall clock; undefined for ever. */
  expiresAtMs: number | undefined;
}

/**
 * What `/api/ps` says of a model that is being loaded. `lists`: as if it were there. `blocks`:
 * nothing, until the load is over, as Ollama does since July 2026. `hides`: that it is not there.
 */
export type WhileLoading = "lists" | "blocks" | "hides";

/** Who needs a model in memory. */
export interface ModelWish {
  readonly model: string;
  readonly runner: object | undefined;
  readonly keepAlive: unknown;
  /** Whoever began a load and goes away kills it. */
  readonly signal: AbortSignal;
}

export interface ResidencyOptions {
  readonly clock: Clock;
  readonly books: Bookkeeper;
  readonly loadMs: number;
  readonly defaultContextLength: number;
  /** How much of a model is in GPU memory, 0 to 1. */
  readonly gpuShare: number;
  readonly whileLoading: WhileLoading;
  /** The engine lost its caches. */
  readonly onUnload: () => void;
}

const MODEL_BYTES = 1_000_000;
/** What Ollama keeps a model for when nobody says. */
const DEFAULT_KEEP_ALIVE_MS = 300_000;
/** Ollama shows "for ever" as a date far ahead, to the nanosecond: no two processes show the same. */
const FOR_EVER = "2318-11-21T00:00:00";
let processes = 0;
const RUNNER_OPTIONS = ["num_ctx", "num_batch", "num_gpu", "main_gpu", "use_mmap", "num_thread"];
const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 };

/** Which model is in memory, with which runner options, and until when; one at a time. */
export class Residency {
  readonly #options: ResidencyOptions;
  readonly #forEver = `${FOR_EVER}.${String(++processes).padStart(9, "0")}Z`;
  #resident: Resident | undefined;
  #loading: { readonly what: Resident; readonly over: Promise<void> } | undefined;

  constructor(options: ResidencyOptions) {
    this.#options = options;
  }

  /** Resolves with the time that loading took, milliseconds; or when the signal is aborted. */
  async ensure(wish: ModelWish): Promise<number> {
    const { clock } = this.#options;
    const fromMs = clock.nowMs();
    const wanted = this.#wantedBy(wish);
    while (!wish.signal.aborted && !this.#isResident(wanted)) {
      this.#loading ??= { what: wanted, over: this.#load(wanted, wish.signal) };
      await this.#loading.over;
    }
    return clock.nowMs() - fromMs;
  }

  /** Applies a request's keep-alive, or the default: the latest request wins. */
  keep(model: string, keepAlive: unknown): void {
    const resident = this.#resident;
    if (resident?.model !== model) return;
    if (keepAliveMs(keepAlive) === 0) return this.unload();
    resident.expiresAtMs = expiryOf(keepAlive);
  }

  unload(): void {
    this.#resident = undefined;
    this.#options.onUnload();
  }

  /** As `/api/ps` lists it, as soon as that answers. */
  async list(): Promise<object[]> {
    const { whileLoading } = this.#options;
    if (whileLoading === "blocks") await this.#loadsOver();
    const loading = whileLoading === "lists" ? this.#loading?.what : undefined;
    const listed = loading ?? this.#resident;
    if (!listed) return [];
    const { model, contextLength, expiresAtMs } = listed;
    const expires_at =
      expiresAtMs === undefined ? this.#forEver : new Date(expiresAtMs).toISOString();
    return [
      {
        name: model,
        model,
        size: MODEL_BYTES,
        size_vram: MODEL_BYTES * this.#options.gpuShare,
        expires_at,
        context_length: contextLength,
      },
    ];
  }

  async #loadsOver(): Promise<void> {
    while (this.#loading) await this.#loading.over;
  }

  #isResident({ model, runnerOptions }: Resident): boolean {
    return this.#resident?.model === model && this.#resident.runnerOptions === runnerOptions;
  }

  async #load(wanted: Resident, signal: AbortSignal): Promise<void> {
    const { clock, books, loadMs } = this.#options;
    books.count("loads");
    if (this.#resident) this.unload();
    await wait(clock, loadMs, signal);
    this.#loading = undefined;
    // The disconnect of the first requester kills the load for all who wait for it.
    if (signal.aborted) return books.count("killedLoads");
    this.#resident = wanted;
  }

  #wantedBy({ model, runner = {}, keepAlive }: ModelWish): Resident {
    const named = Object.entries(runner).filter(([key]) => RUNNER_OPTIONS.includes(key));
    const all = { num_ctx: this.#options.defaultContextLength, ...Object.fromEntries(named) };
    return {
      model,
      runnerOptions: JSON.stringify(all, RUNNER_OPTIONS),
      contextLength: all.num_ctx,
      expiresAtMs: expiryOf(keepAlive),
    };
  }
}

/** On the wall clock; undefined for ever. */
function expiryOf(keepAlive: unknown): number | undefined {
  const ms = keepAliveMs(keepAlive);
  return ms < 0 ? undefined : Date.now() + ms;
}

/** Seconds as a number, or a duration such as `240s`; negative is for ever. */
function keepAliveMs(keepAlive: unknown): number {
  if (typeof keepAlive === "number") return keepAlive * 1_000;
  const text = typeof keepAlive === "string" ? keepAlive : "";
  const [, amount, unit] = /^(-?\d+(?:\.\d+)?)(ms|s|m|h)?$/u.exec(text) ?? [];
  if (amount === undefined) return DEFAULT_KEEP_ALIVE_MS;
  return Number(amount) * (UNIT_MS[unit ?? "s"] ?? 1_000);
}
