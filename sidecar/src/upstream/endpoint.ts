import type { Clock } from "@banterwire/protocol";
import type { ChatMessage, PromptStyle } from "../chat.ts";
import type { Observe } from "../happening.ts";
import { advanceWedge, CLEAR, holdsOff, probeDelayMs, type WedgeEvent } from "../policy/wedge.ts";
import { GenerationError, sendCanary, UnansweredError } from "./canary.ts";
import { type Connect, connectPool, type Engine, loadEngine } from "./engine.ts";
import { KeepAliveLoan } from "./keep-alive-loan.ts";
import { chatBody, streamChat } from "./ollama-chat.ts";
import { Prefixes } from "./prefixes.ts";
import { type SlotBooks, SlotDesk } from "./slot-desk.ts";
import { silent, type Trouble, TroubleError, wedged } from "./trouble.ts";
import type { GenerationRequest, SlotRequest, Upstream } from "./upstream.ts";
import { type GenerationWatcher, WatchedGeneration } from "./watched-generation.ts";

export interface EndpointOptions {
  readonly promptStyle: PromptStyle;
  /** Finds the origin to speak to; waits, or rejects with a TroubleError, while there is none. */
  readonly locate: (signal: AbortSignal) => Promise<string>;
  readonly wantedModel: string | undefined;
  readonly slots: number;
  readonly maxWaiting: number;
  readonly zombieHoldMs: number;
  readonly clock: Clock;
  readonly observe: Observe;
  /** Opens the connections to an origin; real ones unless said otherwise. */
  readonly connect?: Connect;
}

export type EndpointState =
  | { readonly name: "starting" }
  | { readonly name: "loading"; readonly origin: string; readonly model: string }
  | { readonly name: "warm"; readonly engine: Engine; readonly warmTtftMs: number }
  /** A line was too late: is the model still resident? */
  | { readonly name: "checking"; readonly engine: Engine; readonly warmTtftMs: number }
  /** It takes generations and answers none: nothing but canaries is sent until one is answered. */
  | { readonly name: "wedged"; readonly engine: Engine; readonly trouble: Trouble }
  | { readonly name: "down"; readonly trouble: Trouble }
  | { readonly name: "closed" };

/** What an endpoint tells at `/status`. */
export interface EndpointStatus extends SlotBooks {
  readonly url: string | null;
  readonly engineVersion: string | null;
  readonly model: string | null;
  readonly contextLength: number | null;
  readonly state: "starting" | "loading" | "warm" | "down";
  readonly trouble: Trouble | null;
  readonly warmTtftMs: number | null;
}

const WATCH_INTERVAL_MS = 5_000;
const FIRST_RETRY_MS = 100;
const MAX_RETRY_MS = 2_000;
/** Of a canary that may have to wait for a load. */
const CANARY_TIMEOUT_MS = 60_000;
/** Of a canary to a resident model with nothing else in flight: far more than a batch of prefill. */
const WEDGE_TIMEOUT_MS = 10_000;
/** How often a doubted engine is looked at: until its zombies are gone, a canary would tell nothing. */
const DOUBT_INTERVAL_MS = 500;

/**
 * One Ollama with one model: finds it, loads it, keeps it and the characters' prefixes warm, hands
 * out its slots, and comes back by itself when it was gone.
 */
export class Endpoint implements Upstream {
  readonly #options: EndpointOptions;
  readonly #desk: SlotDesk;
  readonly #prefixes = new Prefixes();
  readonly #loan: KeepAliveLoan;
  readonly #connect: Connect;
  /** The model is no longer kept warm. */
  readonly #leaving = new AbortController();
  readonly #closing = new AbortController();
  #state: EndpointState = { name: "starting" };
  #wedge = CLEAR;
  #alarm = Promise.withResolvers<void>();
  #tending: Promise<void> = Promise.resolve();
  #closed: Promise<void> | undefined;
  #onProgress: () => void = () => {};
  readonly #watcher: GenerationWatcher = {
    answered: () => {
      if (this.#wedge !== CLEAR) this.#advanceWedge({ name: "answer" });
    },
    failed: ({ kind, why }, origin) => {
      this.#options.observe({ kind: "generationFailed", origin, failure: kind, why });
      this.#checkResidency();
    },
  };
  readonly #onTextAfterCancel = (pieces: number): void =>
    this.#options.observe({ kind: "textAfterCancel", pieces });

  constructor(options: EndpointOptions) {
    this.#options = options;
    this.#desk = new SlotDesk(options);
    this.#connect = options.connect ?? connectPool;
    this.#loan = new KeepAliveLoan(this.#connect);
  }

  get promptStyle(): PromptStyle {
    return this.#options.promptStyle;
  }

  /** Whether a prefix that is to be warm is not. */
  get hasColdPrefix(): boolean {
    return this.#prefixes.nextCold() !== undefined;
  }

  get unavailable(): string | undefined {
    if (this.#state.name !== "warm") return `the endpoint is ${this.#state.name}`;
    return holdsOff(this.#wedge) ? "the endpoint answered none of the last lines" : undefined;
  }

  get status(): EndpointStatus {
    const state = this.#state;
    const engine = "engine" in state ? state.engine : undefined;
    const loading = state.name === "loading" ? state : undefined;
    return {
      url: engine?.origin ?? loading?.origin ?? null,
      engineVersion: engine?.engineVersion ?? null,
      model: engine?.choice.model ?? loading?.model ?? null,
      contextLength: engine?.runnerOptions.num_ctx ?? null,
      state: visibleState(state.name),
      trouble: "trouble" in state ? state.trouble : null,
      warmTtftMs: "warmTtftMs" in state ? state.warmTtftMs : null,
      ...this.#desk.books,
    };
  }

  /** @param onProgress told each time that it, or one more prefix, has become warm */
  start(onProgress: () => void = () => {}): void {
    this.#onProgress = onProgress;
    this.#tending = this.#tend();
  }

  request(wish: SlotRequest): void {
    this.#desk.request(wish, (granted) => this.#dispatch(granted));
  }

  /** Keeps a character's prompt prefix prefilled; returns how to stop that. */
  keepWarm(prefix: ChatMessage): () => void {
    const drop = this.#prefixes.keep(prefix);
    this.#raiseAlarm();
    return drop;
  }

  /** A line was given up before its first chunk: perhaps the model is being loaded. */
  suspect(): void {
    this.#advanceWedge({ name: "miss" });
    this.#checkResidency();
  }

  #checkResidency(): void {
    if (this.#state.name !== "warm") return;
    this.#state = { ...this.#state, name: "checking" };
    this.#raiseAlarm();
  }

  /** How many generations it may have at once from now on. */
  resize(slots: number): void {
    this.#desk.resize(slots);
  }

  /** Ends what was begun, then closes. No more may be asked of it. */
  async retire(): Promise<void> {
    this.#leaving.abort();
    this.#raiseAlarm();
    await this.#desk.whenQuiet();
    await this.close();
  }

  /** Ends the watch, gives the model its former keep-alive back and closes every socket. */
  close(): Promise<void> {
    this.#closed ??= this.#end();
    return this.#closed;
  }

  async #end(): Promise<void> {
    const state = this.#state;
    this.#state = { name: "closed" };
    this.#leaving.abort();
    this.#closing.abort();
    this.#raiseAlarm();
    await this.#tending;
    if ("engine" in state) await state.engine.pool.destroy();
    try {
      await this.#loan.giveBack();
    } catch {
      // Whoever is gone needs no keep-alive back.
    }
  }

  async #tend(): Promise<void> {
    const { signal: left } = this.#leaving;
    let failures = 0;
    while (!left.aborted) {
      try {
        await this.#bringUp(this.#closing.signal);
        failures = 0;
        await this.#watch(left);
      } catch (error) {
        if (left.aborted) return;
        this.#goDown(error);
        await this.#pause(Math.min(MAX_RETRY_MS, FIRST_RETRY_MS * 2 ** Math.min(failures++, 10)));
      }
    }
  }

  async #bringUp(signal: AbortSignal): Promise<void> {
    const { locate, wantedModel, observe } = this.#options;
    const previous = this.#state;
    // While it is down it stays so, with its trouble, until an attempt gets further.
    if (previous.name !== "down") this.#setUnlessClosed({ name: "starting" });
    // Lines that are still streaming from the engine's former life may end there.
    if ("engine" in previous) previous.engine.pool.close().catch(ignore);
    const origin = await locate(signal);
    const pool = this.#connect(origin);
    try {
      const engine = await loadEngine({
        origin,
        pool,
        wantedModel,
        clock: this.#options.clock,
        signal,
        onLoading: (model) => this.#setUnlessClosed({ name: "loading", origin, model }),
      });
      const { choice, engineVersion } = engine;
      this.#loan.take(origin, choice, engine.runnerOptions);
      this.#prefixes.forgetAll();
      await this.#timeFirstToken(engine);
      const warmTtftMs = await this.#timeFirstToken(engine);
      signal.throwIfAborted();
      this.#advanceWedge({ name: "answer" });
      this.#setUnlessClosed({ name: "warm", engine, warmTtftMs });
      const { model } = choice;
      observe({ kind: "endpointWarm", origin, engineVersion, model, warmTtftMs });
    } catch (error) {
      await pool.destroy();
      throw error;
    }
  }

  /** Returns when the model has to be brought up again, throws when the endpoint is gone. */
  async #watch(left: AbortSignal): Promise<void> {
    while (!left.aborted) {
      const state = this.#state;
      if (!("warmTtftMs" in state)) return;
      const { control, choice, runnerOptions, origin } = state.engine;
      const resident = (await control.resident()).find(({ name }) => name === choice.model);
      if (!resident) return;
      if (resident.context_length !== runnerOptions.num_ctx) {
        const { context_length: contextLength } = resident;
        this.#options.observe({ kind: "foreignReload", origin, contextLength });
        return;
      }
      // An answer to a question older than the suspicion does not lift it. A canary sent on its word
      // could be what loads the model, and a canary has a deadline.
      if (this.#state !== state) continue;
      this.#setUnlessClosed({ ...state, name: "warm" });
      this.#onProgress();
      await this.#resolveDoubt(state.engine);
      if (this.#wedge.name === "quarantined") return this.#quarantine(state.engine, left);
      await this.#warmPrefixes(state.engine);
      await this.#pause(this.#wedge.name === "doubted" ? DOUBT_INTERVAL_MS : WATCH_INTERVAL_MS);
    }
  }

  /** Asks an engine that left a line without a chunk for a token, once it has nothing else to do. */
  async #resolveDoubt(engine: Engine): Promise<void> {
    if (this.#wedge.name === "doubted" && this.#desk.isUnused) {
      await this.#probe(engine, WEDGE_TIMEOUT_MS);
    }
  }

  /** Sends nothing but canaries until one is answered; then the model has to be brought up again. */
  async #quarantine(engine: Engine, left: AbortSignal): Promise<void> {
    const { origin, control, choice } = engine;
    if (left.aborted) return;
    const trouble = wedged(choice.model);
    this.#setUnlessClosed({ name: "wedged", engine, trouble });
    this.#options.observe({ kind: "endpointWedged", origin, ...trouble });
    try {
      // A runner that starts anew has all of its slots again.
      await control.unload(choice.model);
    } catch {
      // It may not answer this either; the operator has been told.
    }
    while (this.#wedge.name === "quarantined" && !left.aborted) {
      await this.#pause(probeDelayMs(this.#wedge));
      if (!left.aborted) await this.#probe(engine, CANARY_TIMEOUT_MS);
    }
  }

  /** One canary, and what its answer or its silence says. */
  async #probe(engine: Engine, timeoutMs: number): Promise<void> {
    const { opens } = this.#desk.books;
    try {
      await this.#timeFirstToken(engine, { timeoutMs });
      this.#advanceWedge({ name: "answer" });
    } catch (error) {
      if (error instanceof GenerationError && error.isRefusal) {
        return this.#advanceWedge({ name: "answer" });
      }
      if (!(error instanceof UnansweredError)) throw error;
      this.#advanceWedge({ name: "silence", alone: this.#desk.books.opens === opens + 1 });
    }
  }

  /** Prefills cold prefixes one at a time, as long as no cue wants the slot. */
  async #warmPrefixes(engine: Engine): Promise<void> {
    while (this.#desk.isIdle && this.#state.name === "warm") {
      const prefix = this.#prefixes.nextCold();
      if (!prefix) return;
      this.#prefixes.markWarm(prefix);
      try {
        await this.#timeFirstToken(engine, { prefix });
      } catch (error) {
        // Such as a persona longer than the context: its lines fail, the others need not.
        if (!(error instanceof GenerationError) || !error.isRefusal) throw error;
        this.#options.observe({ kind: "warmUpRefused", why: error.message });
      }
      this.#onProgress();
    }
  }

  #timeFirstToken(
    engine: Engine,
    { prefix, timeoutMs = CANARY_TIMEOUT_MS }: CanaryOptions = {},
  ): Promise<number> {
    return sendCanary({
      desk: this.#desk,
      dispatch: (granted) => this.#send(engine, granted),
      clock: this.#options.clock,
      signal: this.#closing.signal,
      timeoutMs,
      prefix,
    });
  }

  #dispatch(granted: GenerationRequest): void {
    const state = this.#state;
    if (!("engine" in state)) {
      return granted.events.failed({ kind: "connect", why: "the endpoint went away" });
    }
    const { request, signal, events } = granted;
    const watched = new WatchedGeneration(events, state.engine.origin, this.#watcher);
    this.#send(state.engine, { request, signal, events: watched });
  }

  #send(engine: Engine, { request, signal, events }: GenerationRequest): void {
    const body = chatBody(engine.choice.model, request, engine.runnerOptions);
    signal.addEventListener("abort", engine.spares.spend, { once: true });
    streamChat(engine.pool, body, signal, events, this.#onTextAfterCancel);
  }

  #goDown(cause: unknown): void {
    const trouble = cause instanceof TroubleError ? cause.trouble : silent(cause);
    const known = this.#state.name === "down" && this.#state.trouble.code === trouble.code;
    if (!known) this.#options.observe({ kind: "endpointDown", ...trouble });
    if ("engine" in this.#state) this.#state.engine.pool.destroy().catch(ignore);
    this.#setUnlessClosed({ name: "down", trouble });
  }

  #advanceWedge(event: WedgeEvent): void {
    this.#wedge = advanceWedge(this.#wedge, event);
  }

  #setUnlessClosed(state: EndpointState): void {
    if (this.#state.name !== "closed") this.#state = state;
  }

  #raiseAlarm(): void {
    this.#alarm.resolve();
  }

  async #pause(delayMs: number): Promise<void> {
    const cancel = this.#options.clock.schedule(delayMs, () => this.#raiseAlarm());
    await this.#alarm.promise;
    cancel();
    this.#alarm = Promise.withResolvers();
  }
}

interface CanaryOptions {
  readonly prefix?: ChatMessage;
  readonly timeoutMs?: number;
}

function visibleState(name: EndpointState["name"]): EndpointStatus["state"] {
  if (name === "checking") return "warm";
  return name === "closed" || name === "wedged" ? "down" : name;
}

/** Closing a pool whose engine is gone may fail; there is nothing left to close then. */
function ignore(): void {}
