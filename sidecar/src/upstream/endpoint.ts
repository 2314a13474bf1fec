import type { ChatMessage, PromptStyle } from "../chat.ts";
import { MIN_PROMPT_SIMILARITY } from "../config.ts";
import { WEDGE_TIMEOUT_MS } from "../policy/care.ts";
import type { Residence } from "../policy/overlap.ts";
import type { Offer } from "../policy/spill-over.ts";
import { Caretaker, type CaretakerParts } from "./caretaker.ts";
import { type EndpointStatus, statusOf } from "./endpoint-state.ts";
import { type Connect, connectPool, type Engine } from "./engine.ts";
import { divergence } from "./frozen-options.ts";
import { chatBody, type ChatParts, streamChat } from "./ollama-chat.ts";
import { SlotDesk } from "./slot-desk.ts";
import type { GenerationRequest, PromptedCue, SlotRequest, Upstream } from "./upstream.ts";
import { WatchedGeneration } from "./watched-generation.ts";

export interface EndpointOptions extends Omit<CaretakerParts, "desk" | "connect" | "send"> {
  readonly promptStyle: PromptStyle;
  readonly slots: number;
  readonly maxWaiting: number;
  readonly zombieHoldMs: number;
  /** Sequences that keep their prompts, where those are more than the slots. */
  readonly sequences?: number;
  /** Opens the connections to an origin; real ones unless said otherwise. */
  readonly connect?: Connect;
}

/** One Ollama with one model: hands out its slots, while a caretaker looks after it. */
export class Endpoint implements Upstream {
  readonly #options: EndpointOptions;
  readonly #desk: SlotDesk;
  readonly #care: Caretaker;
  #closed: Promise<void> | undefined;
  readonly #chatParts: ChatParts;

  constructor(options: EndpointOptions) {
    this.#options = options;
    const { clock, observe, sequences = 0, connect = connectPool() } = options;
    this.#chatParts = {
      clock,
      onTextAfterCancel: (pieces) => observe({ kind: "textAfterCancel", pieces }),
    };
    const cache = { memoryChars: 0, minSimilarity: MIN_PROMPT_SIMILARITY, sequences };
    // If the model has gone, each cue that is given up kills a load: look before the next one.
    this.#desk = new SlotDesk({
      ...options,
      cache,
      onVain: (reason, isGamble) => this.#care.sentInVain(reason, isGamble),
      isLoadAtStake: () => this.#care.isLoadAtStake,
    });
    this.#care = new Caretaker({
      ...options,
      desk: this.#desk,
      connect,
      send: (engine, granted) => this.#send(engine, granted),
    });
  }

  get promptStyle(): PromptStyle {
    return this.#options.promptStyle;
  }

  /** Whether a prefix that is to be warm is not. */
  get hasColdPrefix(): boolean {
    return this.#desk.isAnyToWarm;
  }

  get unavailable(): string | undefined {
    return this.#care.unavailable;
  }

  get status(): EndpointStatus {
    return statusOf(this.#care.state, this.#desk.books, this.unavailable === undefined);
  }

  /** @param onProgress told each time that it, or one more prefix, has become warm */
  start(onProgress: () => void = () => {}): void {
    this.#care.start(onProgress);
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
    const { state } = this.#care;
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
    const { state } = this.#care;
    if (state.name !== "warm" || !this.#desk.isUnused || !prefix) return;
    if (this.#care.isDoubted) return;
    this.#care.read(state.engine, { prefix, timeoutMs: WEDGE_TIMEOUT_MS }).catch(ignore);
  }

  /** Since when it is warm without a break; never where it is not. */
  get warmSinceMs(): number {
    return "warmSinceMs" in this.#care.state ? this.#care.state.warmSinceMs : Infinity;
  }

  /** Where its model is; undefined before its Ollama told. */
  get residence(): Residence | undefined {
    return this.#care.residence;
  }

  /** Keeps a character's prompt prefix prefilled; returns how to stop that. */
  keepWarm(prefix: ChatMessage): () => void {
    const { warmth } = this.#desk;
    // A thousand games that come back with the same characters are no reason to look a thousand times.
    const isNew = warmth.stateOf(prefix.content) === undefined;
    warmth.keep(prefix.content);
    if (isNew) this.#care.rouse();
    return () => warmth.drop(prefix.content);
  }

  /** How many generations it may have at once from now on. */
  resize(slots: number): void {
    this.#desk.resize(slots);
  }

  /** Reaches the same Ollama another way, such as with another header. What was begun goes on. */
  reconnect(connect: Connect): void {
    this.#care.reconnect(connect);
  }

  /**
   * Ends what was begun, then closes. No more may be asked of it.
   * @param heirs those of which one may have come to the same model
   */
  async retire(heirs: () => readonly Endpoint[] = () => []): Promise<void> {
    this.#care.leave();
    await this.#desk.whenQuiet();
    this.#closed ??= this.#care.end(heirs().map((heir) => heir.#care));
    await this.#closed;
  }

  /** Ends the watch, gives the model its former keep-alive back and closes every socket. */
  close(): Promise<void> {
    this.#closed ??= this.#care.end([]);
    return this.#closed;
  }

  #dispatch(granted: GenerationRequest): void {
    const { state } = this.#care;
    if (!("engine" in state)) {
      return granted.events.failed({ kind: "connect", why: "the endpoint went away" });
    }
    if (state.name === "wedged") {
      // It waited behind the canary. Sent now it would begin a load, and kill it at its deadline.
      return granted.events.failed({ kind: "engine", why: state.trouble.message });
    }
    const { request, signal, events } = granted;
    const watched = new WatchedGeneration(events, state.engine.origin, this.#care);
    this.#send(state.engine, { request, signal, events: watched });
  }

  #send(engine: Engine, { request, signal, events }: GenerationRequest): void {
    const body = chatBody(engine.choice.model, request, engine.runnerOptions);
    signal.addEventListener("abort", engine.spares.spend, { once: true });
    streamChat(engine.pool, body, signal, events, this.#chatParts);
  }
}

/** Whoever looks after it has noticed. */
function ignore(): void {}
