import { MIN_PROMPT_SIMILARITY } from "../config.ts";
import { type Place, PrefixLedger, type Prompt } from "../policy/prefix-ledger.ts";
import type { EngineUsage } from "../policy/wish.ts";
import { CHARS_PER_TOKEN } from "./cast.ts";
import type { Random } from "./random.ts";
import type { EndpointScenario, Failure } from "./scenario.ts";
import type { ServiceTimes, Times } from "./service-times.ts";
import type { VirtualClock } from "./virtual-clock.ts";

/** How soon a process that is not there refuses. */
const REFUSAL_MS = 1;

/** Told about one generation; after `done`, `failed` or a cancel nothing more comes. */
export interface GenerationEvents {
  first(): void;
  done(usage: EngineUsage): void;
  failed(): void;
}

type CallState =
  /** All of the engine's slots are taken, or the model is being loaded. */
  | { readonly name: "queued" }
  | { readonly name: "reading"; readonly place: Place; readonly readByMs: number }
  | { readonly name: "streaming"; readonly place: Place }
  /** It was cancelled while its prompt was read, which goes on. */
  | { readonly name: "abandoned"; readonly place: Place }
  /** It was taken and is never answered. */
  | { readonly name: "stuck"; readonly place: Place }
  | { readonly name: "over" };

interface Call {
  readonly prompt: Prompt;
  readonly tokens: number;
  readonly events: GenerationEvents;
  state: CallState;
  callOff: () => void;
}

export interface EngineParts {
  readonly endpoint: EndpointScenario;
  readonly times: ServiceTimes;
  readonly clock: VirtualClock;
  readonly random: Random;
}

/**
 * An Ollama with one model, as far as its times go: slots with a queue behind them, prompts that
 * are cached, prefills that go on when they are cancelled, and failures at their times.
 */
export class SimulatedEngine {
  readonly #parts: EngineParts;
  /** What is cached is decided by the rules that the sidecar expects of an engine. */
  readonly #ledger: PrefixLedger;
  readonly #queue = new Set<Call>();
  readonly #running = new Set<Call>();
  #failure: Failure | undefined;
  #isResident = false;
  #whenLoaded: ((isLoaded: boolean) => void)[] = [];
  #callOffLoad: () => void = () => {};

  constructor(parts: EngineParts) {
    this.#parts = parts;
    const { endpoint, clock } = parts;
    const cache = { memoryChars: memoryCharsOf(endpoint), minSimilarity: MIN_PROMPT_SIMILARITY };
    this.#ledger = new PrefixLedger(endpoint.slots, cache);
    for (const failure of endpoint.failures) {
      const { kind, fromSeconds, toSeconds } = failure;
      if (kind === "flap") {
        clock.at(fromSeconds * 1_000, () => this.#flap(failure));
        continue;
      }
      clock.at(fromSeconds * 1_000, () => this.#begin(failure));
      clock.at(toSeconds * 1_000, () => this.#end(failure));
    }
  }

  get isDown(): boolean {
    return this.#failure?.kind === "down";
  }

  /** The model is in memory. */
  get isResident(): boolean {
    return this.#isResident;
  }

  /** Generations that hold a slot of its own, cancelled ones included. */
  get running(): number {
    return this.#running.size;
  }

  /** Brings the model into memory, or waits for whoever does so; tells whether that came about. */
  load(ended: (isLoaded: boolean) => void): void {
    if (this.#isResident || this.isDown) return ended(this.#isResident);
    this.#whenLoaded.push(ended);
    if (this.#whenLoaded.length > 1 || this.#failure?.kind === "reload") return;
    const { clock, endpoint } = this.#parts;
    this.#callOffLoad = clock.after(endpoint.latency.loadMs, () => this.#endLoad(true));
  }

  /** Asks for a line; returns how to cancel it. */
  generate(prompt: Prompt, tokens: number, events: GenerationEvents): () => void {
    const call: Call = { prompt, tokens, events, state: { name: "queued" }, callOff: () => {} };
    if (this.isDown) {
      call.callOff = this.#parts.clock.after(REFUSAL_MS, () => this.#fail(call));
    } else {
      this.#queue.add(call);
      this.#serve();
    }
    return () => this.#cancel(call);
  }

  #serve(): void {
    for (const call of this.#queue) {
      if (!this.#isResident || this.#running.size >= this.#parts.endpoint.slots) return;
      this.#queue.delete(call);
      this.#run(call);
    }
  }

  #run(call: Call): void {
    const { clock } = this.#parts;
    this.#running.add(call);
    const place = this.#ledger.take(call.prompt);
    if (this.#failure?.kind === "wedge") {
      call.state = { name: "stuck", place };
      return;
    }
    const times = this.#timesOf(call, place);
    const readByMs = clock.nowMs + times.firstMs;
    call.state = { name: "reading", place, readByMs };
    call.callOff = clock.at(readByMs, () => this.#answer(call, place, times));
  }

  #timesOf({ tokens }: Call, { chars, uncachedChars }: Place): Times {
    const factor = this.#failure?.kind === "slow" ? this.#failure.factor : 1;
    const work = {
      promptTokens: chars / CHARS_PER_TOKEN,
      uncachedTokens: uncachedChars / CHARS_PER_TOKEN,
      tokens,
      inFlight: this.#running.size,
    };
    const times = this.#parts.times.timesOf(work, this.#parts.random);
    return {
      loadMs: times.loadMs * factor,
      prefillMs: times.prefillMs * factor,
      firstMs: times.firstMs * factor,
      decodeMs: times.decodeMs * factor,
    };
  }

  #answer(call: Call, place: Place, { loadMs, prefillMs, decodeMs }: Times): void {
    call.state = { name: "streaming", place };
    call.callOff = this.#parts.clock.after(decodeMs, () => {
      this.#leave(call, place);
      const promptTokens = place.chars / CHARS_PER_TOKEN;
      call.events.done({ promptTokens, loadMs, prefillMs });
    });
    call.events.first();
  }

  #cancel(call: Call): void {
    const { state } = call;
    switch (state.name) {
      case "queued":
        call.callOff();
        call.state = { name: "over" };
        this.#queue.delete(call);
        return;
      case "reading": {
        const { place, readByMs } = state;
        call.callOff();
        call.state = { name: "abandoned", place };
        call.callOff = this.#parts.clock.at(readByMs, () => this.#leave(call, place));
        return;
      }
      case "streaming":
        call.callOff();
        return this.#leave(call, state.place);
      case "stuck":
        call.state = { name: "abandoned", place: state.place };
        return;
      case "abandoned":
      case "over":
        return;
    }
  }

  /** Its slot is free, with its prompt cached. */
  #leave(call: Call, place: Place): void {
    call.state = { name: "over" };
    this.#running.delete(call);
    this.#ledger.release(place, true);
    this.#serve();
  }

  #fail(call: Call): void {
    const { state } = call;
    call.callOff();
    call.state = { name: "over" };
    this.#queue.delete(call);
    this.#running.delete(call);
    if ("place" in state) this.#ledger.release(state.place, false);
    if (state.name !== "abandoned" && state.name !== "over") call.events.failed();
  }

  /** Goes down, comes up, and so on until its time is over. */
  #flap(failure: Failure & { kind: "flap" }): void {
    const { clock } = this.#parts;
    const { downSeconds, upSeconds, toSeconds } = failure;
    const fromSeconds = clock.nowMs / 1_000;
    if (fromSeconds >= toSeconds) return;
    const upAtSeconds = Math.min(toSeconds, fromSeconds + downSeconds);
    const down: Failure = { kind: "down", fromSeconds, toSeconds: upAtSeconds };
    this.#begin(down);
    clock.at(upAtSeconds * 1_000, () => this.#end(down));
    clock.at((upAtSeconds + upSeconds) * 1_000, () => this.#flap(failure));
  }

  #begin(failure: Failure): void {
    this.#failure = failure;
    if (failure.kind === "down" || failure.kind === "reload") this.#forget();
    if (failure.kind === "reload") this.#callOffLoad();
    if (failure.kind !== "down") return;
    this.#endLoad(false);
    this.#failAll();
  }

  #end(failure: Failure): void {
    if (this.#failure !== failure) return;
    this.#failure = undefined;
    if (failure.kind === "reload") return this.#endLoad(true);
    // A wedge ends with a new runner: what it held is gone.
    if (failure.kind !== "wedge") return;
    this.#forget();
    this.#failAll();
  }

  #forget(): void {
    this.#isResident = false;
    this.#ledger.clear(memoryCharsOf(this.#parts.endpoint));
  }

  #failAll(): void {
    for (const call of [...this.#running, ...this.#queue]) this.#fail(call);
  }

  #endLoad(isLoaded: boolean): void {
    this.#callOffLoad();
    this.#isResident = isLoaded;
    const waiting = this.#whenLoaded;
    this.#whenLoaded = [];
    for (const ended of waiting) ended(isLoaded);
    this.#serve();
  }
}

/** Room for prompts that have lost their slot. */
export function memoryCharsOf({ memoryTokens }: EndpointScenario): number {
  return memoryTokens * CHARS_PER_TOKEN;
}
