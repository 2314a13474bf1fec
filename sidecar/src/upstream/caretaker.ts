import type { Clock } from "@banterwire/protocol";
import type { Observe } from "../happening.ts";
import {
  CANARY_TIMEOUT_MS,
  DOUBT_INTERVAL_MS,
  retryDelayMs,
  WATCH_INTERVAL_MS,
} from "../policy/care.ts";
import type { Residence } from "../policy/overlap.ts";
import { Alarm } from "./alarm.ts";
import { type CanaryTask, sendCanary, UnansweredError } from "./canary.ts";
import type { EndpointState } from "./endpoint-state.ts";
import { awaitModel, type Connect, type Engine, linkTo, loadEngine } from "./engine.ts";
import { KeepAliveLoan } from "./keep-alive-loan.ts";
import type { ResidentModel } from "./ollama-control.ts";
import type { SlotDesk } from "./slot-desk.ts";
import { silent, TroubleError, wedged } from "./trouble.ts";
import { type Failure, faultOf, type GenerationRequest, TOO_LATE } from "./upstream.ts";
import { warmPrefixes } from "./warm-up.ts";
import type { GenerationWatcher } from "./watched-generation.ts";
import { WedgeWatch } from "./wedge-watch.ts";

export interface CaretakerParts {
  readonly desk: SlotDesk;
  /** Finds the origin to speak to; waits, or rejects with a TroubleError, while there is none. */
  readonly locate: (signal: AbortSignal) => Promise<string>;
  readonly wantedModel: string | undefined;
  /** Whether prompts may stay cached that have lost their slot, as in llama-server's host memory. */
  readonly hasHostCache: boolean;
  readonly clock: Clock;
  readonly observe: Observe;
  readonly connect: Connect;
  /** Opens a generation of its own. */
  readonly send: (engine: Engine, granted: GenerationRequest) => void;
}

/**
 * Looks after one Ollama with one model: finds it, loads it, keeps it and the characters' prefixes
 * warm, finds out when it answers nothing any more, and brings it back when it was gone.
 */
export class Caretaker implements GenerationWatcher {
  readonly #parts: CaretakerParts;
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
  #onProgress: () => void = () => {};

  constructor(parts: CaretakerParts) {
    const { desk, clock, connect } = parts;
    this.#parts = parts;
    this.#desk = desk;
    this.#alarm = new Alarm(clock);
    this.#wedge = new WedgeWatch({
      desk,
      alarm: this.#alarm,
      canary: (engine, task) => this.#canary(engine, task),
    });
    this.#connect = connect;
    this.#linkedBy = connect;
    this.#loan = new KeepAliveLoan((origin) => this.#connect(origin));
  }

  get state(): EndpointState {
    return this.#state;
  }

  /** Why it cannot be asked for lines, for operators; undefined while it can. */
  get unavailable(): string | undefined {
    if (!this.#isServing) return `the endpoint is ${this.#state.name}`;
    return this.#wedge.holdsOff ? "the endpoint answered none of the last lines" : undefined;
  }

  /** A canary is due, which nothing else may be beside. */
  get isDoubted(): boolean {
    return this.#wedge.isDoubted;
  }

  /** Where its model is, as its Ollama last told; undefined before it did. */
  get residence(): Residence | undefined {
    return this.#residence;
  }

  /** Between the first doubt whether the model is in memory and the answer that it is. */
  get isLoadAtStake(): boolean {
    if (this.#leaving.signal.aborted) return false;
    return !["warm", "wedged", "closed"].includes(this.#state.name);
  }

  /** @param onProgress told each time that it, or one more prefix, has become warm */
  start(onProgress: () => void): void {
    this.#onProgress = onProgress;
    this.#tending = this.#tend();
  }

  /** There may be something to do, such as a new prefix. */
  rouse(): void {
    this.#alarm.raise();
  }

  // What becomes of its generations.

  answered(): void {
    this.#wedge.answered();
  }

  failed(failure: Failure, origin: string): void {
    const { kind, why } = failure;
    this.#parts.observe({ kind: "generationFailed", origin, failure: kind, why });
    if (faultOf(failure) === "endpoint") this.#checkResidency();
  }

  /** One was given up before its first chunk, for this reason. */
  sentInVain(reason: unknown, isGamble: boolean): void {
    if (reason === TOO_LATE) this.#suspect(isGamble);
    else if (this.#state.name === "warm") this.#look("unsure");
  }

  /**
   * Asks for one token, with a prefix. Where cues stay away, nothing else may find out that the
   * engine answers none.
   */
  async read(engine: Engine, task: CanaryTask): Promise<void> {
    try {
      await this.#canary(engine, task);
    } catch (error) {
      if (error instanceof UnansweredError) this.#suspect(false);
      throw error;
    }
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
    const link = linkTo(origin, pool, this.#closing.signal, this.#parts.clock);
    this.#linkedBy = this.#connect;
    this.#state = { ...state, engine: { ...engine, ...link } };
    engine.pool.close().catch(ignore);
  }

  /** The model is no longer kept warm; what was begun goes on. */
  leave(): void {
    this.#leaving.abort();
    this.#desk.releaseHeld();
    this.#alarm.raise();
  }

  /**
   * Closes everything, and gives the model its former keep-alive back.
   * @param heirs those of which one may have come to the same model
   */
  async end(heirs: readonly Caretaker[]): Promise<void> {
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

  /** A line had no chunk when its time was up: perhaps the model is being loaded. */
  #suspect(isGamble: boolean): void {
    this.#wedge.missed(isGamble);
    this.#checkResidency();
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
    const { locate, wantedModel, hasHostCache, observe } = this.#parts;
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
        clock: this.#parts.clock,
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
      const warmSinceMs = this.#parts.clock.nowMs();
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
      let models: readonly ResidentModel[];
      try {
        models = await control.resident();
      } catch (error) {
        // It was asked in a way that another header has replaced meanwhile.
        if ("engine" in this.#state && this.#state.engine !== state.engine) continue;
        throw error;
      }
      const resident = models.find(({ name }) => name === choice.model);
      if (!resident) return;
      this.#residence = { origin, ...residenceOf(resident) };
      if (resident.context_length !== runnerOptions.num_ctx) {
        const { context_length: contextLength } = resident;
        this.#parts.observe({ kind: "foreignReload", origin, contextLength });
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
    this.#parts.observe({ kind: "endpointWedged", origin: engine.origin, ...trouble });
    await this.#wedge.sitOut(engine, left);
  }

  /** Whether it is warm, and this is still how it is reached. */
  #isWarm(engine: Engine): boolean {
    return this.#state.name === "warm" && this.#state.engine === engine;
  }

  #warmPrefixes(engine: Engine): Promise<void> {
    return warmPrefixes({
      desk: this.#desk,
      observe: this.#parts.observe,
      canary: (task) => this.read(engine, task),
      // One that may be wedged is due a canary with nothing beside it: a prefix can take a minute.
      isWarm: () => this.#isWarm(engine) && !this.#wedge.isDoubted,
      onProgress: () => this.#onProgress(),
    });
  }

  #canary(engine: Engine, task: CanaryTask): Promise<number> {
    const { clock } = this.#parts;
    const dispatch = (granted: GenerationRequest): void => this.#parts.send(engine, granted);
    return sendCanary({ desk: this.#desk, dispatch, clock, signal: this.#closing.signal }, task);
  }

  #goDown(cause: unknown): void {
    const trouble = cause instanceof TroubleError ? cause.trouble : silent(cause);
    const known = this.#state.name === "down" && this.#state.trouble.code === trouble.code;
    if (!known) this.#parts.observe({ kind: "endpointDown", ...trouble });
    // An engine that answered one call with nonsense may be in the middle of lines, or of a load.
    if ("engine" in this.#state) this.#state.engine.pool.close().catch(ignore);
    this.#setUnlessClosed({ name: "down", trouble });
  }

  #setUnlessClosed(state: EndpointState): void {
    if (this.#state.name !== "closed") this.#state = state;
    if (!this.isLoadAtStake) this.#desk.releaseHeld();
  }
}

function residenceOf(told: ResidentModel): Omit<Residence, "origin"> {
  return { expiresAt: told.expires_at, bytes: told.size, gpuBytes: told.size_vram };
}

/** For what may fail when an engine is gone: whoever watches it has noticed. */
function ignore(): void {}
