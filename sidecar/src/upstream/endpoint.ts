import type { Clock } from "@banterwire/protocol";
import type { ChatMessage, PromptStyle } from "../chat.ts";
import { MIN_PROMPT_SIMILARITY } from "../config.ts";
import type { Observe } from "../happening.ts";
import {
  CANARY_TIMEOUT_MS,
  DOUBT_INTERVAL_MS,
  retryDelayMs,
  WATCH_INTERVAL_MS,
  WEDGE_TIMEOUT_MS,
} from "../policy/care.ts";
import type { Residence } from "../policy/overlap.ts";
import type { Offer } from "../policy/spill-over.ts";
import { Alarm } from "./alarm.ts";
import { type CanaryTask, sendCanary, UnansweredError } from "./canary.ts";
import { type EndpointState, type EndpointStatus, statusOf } from "./endpoint-state.ts";
import {
  awaitModel,
  type Connect,
  connectPool,
  type Engine,
  linkTo,
  loadEngine,
} from "./engine.ts";
import { divergence } from "./frozen-options.ts";
import { KeepAliveLoan } from "./keep-alive-loan.ts";
import { chatBody, type ChatParts, streamChat } from "./ollama-chat.ts";
import type { ResidentModel } from "./ollama-control.ts";
import { SlotDesk } from "./slot-desk.ts";
import { silent, TroubleError, wedged } from "./trouble.ts";
import {
  faultOf,
  type GenerationRequest,
  type PromptedCue,
  type SlotRequest,
  TOO_LATE,
  type Upstream,
} from "./upstream.ts";
import { warmPrefixes } from "./warm-up.ts";
import { type GenerationWatcher, WatchedGeneration } from "./watched-generation.ts";
import { WedgeWatch } from "./wedge-watch.ts";

export interface EndpointOptions {
  readonly promptStyle: PromptStyle;
  /** Finds the origin to speak to; waits, or rejects with a TroubleError, while there is none. */
  readonly locate: (signal: AbortSignal) => Promise<string>;
  readonly wantedModel: string | undefined;
  readonly slots: number;
  readonly maxWaiting: number;
  readonly zombieHoldMs: number;
  /** Whether prompts may stay cached that have lost their slot, as in llama-server's host memory. */
  readonly hasHostCache: boolean;
  /** Sequences that keep their prompts, where those are more than the slots. */
  readonly sequences?: number;
  readonly clock: Clock;
  readonly observe: Observe;
  /** Opens the connections to an origin; real ones unless said otherwise. */
  readonly connect?: Connect;
}

/**
 * One Ollama with one model: finds it, loads it, keeps it and the characters' prefixes warm, hands
 * out its slots, and comes back by itself when it was gone.
 */
export class Endpoint implements Upstream {
  readonly #options: EndpointOptions;
  readonly #desk: SlotDesk;
  readonly #alarm: Alarm;
  readonly #wedge: WedgeWatch;
  readonly #loan: KeepAliveLoan;
  #connect: Connect;
  /** By which the engine of now is reached. */
  #linkedBy: Connect;
  /** The model is no longer kept warm. */
  readonly #leaving = new AbortController();
  readonly #closing = new AbortController();
  #state: EndpointState = { name: "starting" };
  #residence: Residence | undefined;
  #tending: Promise<void> = Promise.resolve();
  #closed: Promise<void> | undefined;
  #onProgress: () => void = () => {};
  readonly #watcher: GenerationWatcher = {
    answered: () => this.#wedge.answered(),
    failed: (failure, origin) => {
      const { kind, why } = failure;
      this.#options.observe({ kind: "generationFailed", origin, failure: kind, why });
      if (faultOf(failure) === "endpoint") this.#checkResidency();
    },
  };
  readonly #chatParts: ChatParts;

  constructor(options: EndpointOptions) {
    const { clock, observe, sequences = 0 } = options;
    this.#options = options;
    this.#chatParts = {
      clock,
      onTextAfterCancel: (pieces) => observe({ kind: "textAfterCancel", pieces }),
    };
    const cache = { memoryChars: 0, minSimilarity: MIN_PROMPT_SIMILARITY, sequences };
    this.#alarm = new Alarm(clock);
    // If the model has gone, each cue that is given up kills a load: look before the next one.
    this.#desk = new SlotDesk({
      ...options,
      cache,
      onVain: (reason) => this.#sentInVain(reason),
      isLoadAtStake: () => this.#isLoadAtStake,
    });
    this.#wedge = new WedgeWatch({
      desk: this.#desk,
      alarm: this.#alarm,
      canary: (engine, task) => this.#canary(engine, task),
    });
    this.#connect = options.connect ?? connectPool();
    this.#linkedBy = this.#connect;
    this.#loan = new KeepAliveLoan((origin) => this.#connect(origin));
  }

  get promptStyle(): PromptStyle {
    return this.#options.promptStyle;
  }

  /** Whether a prefix that is to be warm is not. */
  get hasColdPrefix(): boolean {
    return this.#desk.isAnyToWarm;
  }

  get unavailable(): string | undefined {
    if (!this.#isServing) return `the endpoint is ${this.#state.name}`;
    return this.#wedge.holdsOff ? "the endpoint answered none of the last lines" : undefined;
  }

  get status(): EndpointStatus {
    return statusOf(this.#state, this.#desk.books);
  }

  /** @param onProgress told each time that it, or one more prefix, has become warm */
  start(onProgress: () => void = () => {}): void {
    this.#onProgress = onProgress;
    this.#tending = this.#tend();
  }

  charsAfter(prefix: string, { deadlineMs }: Pick<PromptedCue, "deadlineMs">): number {
    return this.#desk.charsAfter(prefix, deadlineMs);
  }

  request(wish: SlotRequest): void {
    if (this.#refuses(wish)) return;
    this.#desk.request(wish, (granted) => this.#dispatch(granted));
  }

  /** Whether it failed at once, for options that would have the model loaded anew. */
  #refuses({ request, events }: SlotRequest): boolean {
    const state = this.#state;
    if (request.options === undefined || !("engine" in state)) return false;
    const { origin, choice, runnerOptions } = state.engine;
    const why = divergence(choice.model, runnerOptions, request.options);
    if (why === undefined) return false;
    this.#options.observe({ kind: "generationFailed", origin, failure: "options", why });
    events.failed({ kind: "options", why });
    return true;
  }

  /** What a wish could expect here if it came now. */
  offer(wish: SlotRequest): Offer {
    return this.#desk.offer(wish);
  }

  /** Asks for a token by itself, if it has nothing else to do, to find out what it takes now. */
  tryOut(prefix: ChatMessage | undefined): void {
    const state = this.#state;
    if (state.name !== "warm" || !this.#desk.isUnused || !prefix) return;
    // A canary is due there anyhow, which nothing else may be beside.
    if (this.#wedge.isDoubted) return;
    this.#read(state.engine, { prefix, timeoutMs: WEDGE_TIMEOUT_MS }).catch(ignore);
  }

  /** Since when it is warm without a break; never where it is not. */
  get warmSinceMs(): number {
    return "warmSinceMs" in this.#state ? this.#state.warmSinceMs : Infinity;
  }

  /** Where its model is, as its Ollama last told; undefined before it did. */
  get residence(): Residence | undefined {
    return this.#residence;
  }

  /** Keeps a character's prompt prefix prefilled; returns how to stop that. */
  keepWarm(prefix: ChatMessage): () => void {
    const { warmth } = this.#desk;
    // A thousand games that come back with the same characters are no reason to look a thousand times.
    const isNew = warmth.stateOf(prefix.content) === undefined;
    warmth.keep(prefix.content);
    if (isNew) this.#alarm.raise();
    return () => warmth.drop(prefix.content);
  }

  /** A line had no chunk when its time was up: perhaps the model is being loaded. */
  #suspect(): void {
    this.#wedge.missed();
    this.#checkResidency();
  }

  #sentInVain(reason: unknown): void {
    if (reason === TOO_LATE) this.#suspect();
    else if (this.#state.name === "warm") this.#look("unsure");
  }

  #checkResidency(): void {
    if (this.#isServing) this.#look("checking");
  }

  #look(name: "unsure" | "checking"): void {
    const state = this.#state;
    if (!("warmTtftMs" in state)) return;
    this.#state = { ...state, name };
    this.#alarm.raise();
  }

  get #isServing(): boolean {
    return this.#state.name === "warm" || this.#state.name === "unsure";
  }

  /** How many generations it may have at once from now on. */
  resize(slots: number): void {
    this.#desk.resize(slots);
  }

  /** Reaches the same Ollama another way, such as with another header. What was begun goes on. */
  reconnect(connect: Connect): void {
    this.#connect = connect;
    this.#relink();
    this.#alarm.raise();
  }

  #relink(): void {
    const state = this.#state;
    if (!("engine" in state) || this.#linkedBy === this.#connect) return;
    const { engine } = state;
    const { origin } = engine;
    const pool = this.#connect(origin);
    const link = linkTo(origin, pool, this.#closing.signal, this.#options.clock);
    this.#linkedBy = this.#connect;
    this.#state = { ...state, engine: { ...engine, ...link } };
    engine.pool.close().catch(ignore);
  }

  /**
   * Ends what was begun, then closes. No more may be asked of it.
   * @param heirs those of which one may have come to the same model
   */
  async retire(heirs: () => readonly Endpoint[] = () => []): Promise<void> {
    this.#leaving.abort();
    this.#desk.releaseHeld();
    this.#alarm.raise();
    await this.#desk.whenQuiet();
    this.#closed ??= this.#end(heirs());
    await this.#closed;
  }

  /** Ends the watch, gives the model its former keep-alive back and closes every socket. */
  close(): Promise<void> {
    this.#closed ??= this.#end([]);
    return this.#closed;
  }

  async #end(heirs: readonly Endpoint[]): Promise<void> {
    const state = this.#state;
    this.#state = { name: "closed" };
    this.#leaving.abort();
    this.#desk.releaseHeld();
    this.#closing.abort();
    this.#alarm.raise();
    await this.#tending;
    if ("engine" in state) await state.engine.pool.destroy();
    if (heirs.some((heir) => this.#loan.passTo(heir.#loan))) return;
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
        await this.#alarm.pause(retryDelayMs(failures++));
      }
    }
  }

  async #bringUp(signal: AbortSignal): Promise<void> {
    const { locate, wantedModel, hasHostCache, observe } = this.#options;
    const previous = this.#state;
    // While it is down it stays so, with its trouble, until an attempt gets further.
    if (previous.name !== "down") this.#setUnlessClosed({ name: "starting" });
    // Lines that are still streaming from the engine's former life may end there.
    if ("engine" in previous) previous.engine.pool.close().catch(ignore);
    const origin = await locate(signal);
    const connect = this.#connect;
    const pool = connect(origin);
    try {
      const engine = await loadEngine({
        origin,
        pool,
        wantedModel,
        hasHostCache,
        clock: this.#options.clock,
        signal,
        onLoading: (model) => this.#setUnlessClosed({ name: "loading", origin, model }),
      });
      const { choice, engineVersion } = engine;
      this.#loan.take(origin, choice, engine.runnerOptions);
      this.#desk.forgetCaches(engine.hostCacheTokens);
      this.#desk.releaseHeld();
      await this.#canary(engine, { timeoutMs: CANARY_TIMEOUT_MS });
      const warmTtftMs = await this.#canary(engine, { timeoutMs: CANARY_TIMEOUT_MS });
      signal.throwIfAborted();
      this.#wedge.answered();
      const warmSinceMs = this.#options.clock.nowMs();
      this.#linkedBy = connect;
      this.#setUnlessClosed({ name: "warm", engine, warmTtftMs, warmSinceMs });
      this.#relink();
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
      this.#residence = { origin, ...residenceOf(resident) };
      if (resident.context_length !== runnerOptions.num_ctx) {
        const { context_length: contextLength } = resident;
        this.#options.observe({ kind: "foreignReload", origin, contextLength });
        return;
      }
      // An answer to a question older than the suspicion does not lift it. A canary sent on its word
      // could be what loads the model, and a canary has a deadline.
      if (this.#state !== state) continue;
      if (state.name !== "warm") {
        // A model that is still being loaded is listed too.
        await awaitModel(state.engine);
        if (this.#state !== state) continue;
      }
      this.#setUnlessClosed({ ...state, name: "warm" });
      this.#onProgress();
      await this.#wedge.resolveDoubt(state.engine);
      if (this.#wedge.isQuarantined) return this.#quarantine(state.engine, left);
      await this.#warmPrefixes(state.engine);
      await this.#alarm.pause(this.#wedge.isDoubted ? DOUBT_INTERVAL_MS : WATCH_INTERVAL_MS);
    }
  }

  /** Keeps cues away until a canary is answered; then the model has to be brought up again. */
  async #quarantine(engine: Engine, left: AbortSignal): Promise<void> {
    if (left.aborted) return;
    const trouble = wedged(engine.choice.model);
    this.#setUnlessClosed({ name: "wedged", engine, trouble });
    this.#options.observe({ kind: "endpointWedged", origin: engine.origin, ...trouble });
    await this.#wedge.sitOut(engine, left);
  }

  /** Whether it is warm, and this is still how it is reached. */
  #isWarm(engine: Engine): boolean {
    return this.#state.name === "warm" && this.#state.engine === engine;
  }

  #warmPrefixes(engine: Engine): Promise<void> {
    return warmPrefixes({
      desk: this.#desk,
      observe: this.#options.observe,
      canary: (task) => this.#read(engine, task),
      // One that may be wedged is due a canary with nothing beside it: a prefix can take a minute.
      isWarm: () => this.#isWarm(engine) && !this.#wedge.isDoubted,
      onProgress: () => this.#onProgress(),
    });
  }

  /** Where cues stay away, nothing else may find out that the engine answers none. */
  async #read(engine: Engine, task: CanaryTask): Promise<void> {
    try {
      await this.#canary(engine, task);
    } catch (error) {
      if (error instanceof UnansweredError) this.#suspect();
      throw error;
    }
  }

  #canary(engine: Engine, task: CanaryTask): Promise<number> {
    const { clock } = this.#options;
    const dispatch = (granted: GenerationRequest): void => this.#send(engine, granted);
    return sendCanary({ desk: this.#desk, dispatch, clock, signal: this.#closing.signal }, task);
  }

  #dispatch(granted: GenerationRequest): void {
    const state = this.#state;
    if (!("engine" in state)) {
      return granted.events.failed({ kind: "connect", why: "the endpoint went away" });
    }
    if (state.name === "wedged") {
      // It waited behind the canary. Sent now it would begin a load, and kill it at its deadline.
      return granted.events.failed({ kind: "engine", why: state.trouble.message });
    }
    const { request, signal, events } = granted;
    const watched = new WatchedGeneration(events, state.engine.origin, this.#watcher);
    this.#send(state.engine, { request, signal, events: watched });
  }

  #send(engine: Engine, { request, signal, events }: GenerationRequest): void {
    const body = chatBody(engine.choice.model, request, engine.runnerOptions);
    signal.addEventListener("abort", engine.spares.spend, { once: true });
    streamChat(engine.pool, body, signal, events, this.#chatParts);
  }

  #goDown(cause: unknown): void {
    const trouble = cause instanceof TroubleError ? cause.trouble : silent(cause);
    const known = this.#state.name === "down" && this.#state.trouble.code === trouble.code;
    if (!known) this.#options.observe({ kind: "endpointDown", ...trouble });
    // An engine that answered one call with nonsense may be in the middle of lines, or of a load.
    if ("engine" in this.#state) this.#state.engine.pool.close().catch(ignore);
    this.#setUnlessClosed({ name: "down", trouble });
  }

  /** Between the first doubt whether the model is in memory and the answer that it is. */
  get #isLoadAtStake(): boolean {
    if (this.#leaving.signal.aborted) return false;
    return !["warm", "wedged", "closed"].includes(this.#state.name);
  }

  #setUnlessClosed(state: EndpointState): void {
    if (this.#state.name !== "closed") this.#state = state;
    if (!this.#isLoadAtStake) this.#desk.releaseHeld();
  }
}

function residenceOf(told: ResidentModel): Omit<Residence, "origin"> {
  return { expiresAt: told.expires_at, bytes: told.size, gpuBytes: told.size_vram };
}

/** For what may fail when an engine is gone: whoever watches it has noticed. */
function ignore(): void {}
