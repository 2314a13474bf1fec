import type { Clock } from "@banterwire/protocol";
import { Dispatcher } from "undici";
import { CONNECT_TIMEOUT_MS } from "../config.ts";
import type { Answer } from "./answer.ts";
import { ScriptedEngine, type ScriptedEngineOptions } from "./scripted-engine.ts";

export interface MemoryOllamaOptions extends ScriptedEngineOptions {
  readonly clock: Clock;
  /** Answers arrive in pieces of so many bytes, wherever that cuts them. */
  readonly pieceBytes?: number;
}

/** From a request's dispatch to the engine, and for a new connection. */
const HOP_MS = 0.1;

/** A scripted Ollama without sockets: hand `connect` to an endpoint. */
export class MemoryOllama {
  readonly engine: ScriptedEngine;
  /** What was thrown where nobody catches it: by what reads an answer, or by the engine. */
  readonly faults: unknown[] = [];
  readonly #options: MemoryOllamaOptions;
  readonly #exchanges = new Set<Exchange>();
  #isUp = true;
  #takesConnections = true;

  constructor(options: MemoryOllamaOptions) {
    this.#options = options;
    this.engine = new ScriptedEngine(options);
  }

  readonly connect = (): Dispatcher => new MemoryDispatcher(this);

  get clock(): Clock {
    return this.#options.clock;
  }

  get isUp(): boolean {
    return this.#isUp;
  }

  get pieceBytes(): number {
    return this.#options.pieceBytes ?? Infinity;
  }

  /** Requests that have been dispatched and are not over. */
  get openExchanges(): number {
    return this.#exchanges.size;
  }

  /** The process is killed: every connection breaks, none can be opened. */
  goDown(): void {
    this.#isUp = false;
    this.engine.restart();
    for (const exchange of this.#exchanges) exchange.fail(new Error("other side closed"));
  }

  comeUp(): void {
    this.#isUp = true;
  }

  get takesConnections(): boolean {
    return this.#takesConnections;
  }

  /** Nothing answers a connection that is opened, as behind a full backlog; idle ones are lost. */
  ignoreConnections(): void {
    this.#takesConnections = false;
  }

  takeConnections(): void {
    this.#takesConnections = true;
  }

  begin(exchange: Exchange): void {
    this.#exchanges.add(exchange);
  }

  over(exchange: Exchange): void {
    this.#exchanges.delete(exchange);
  }
}

/** As a pool of undici would: a connection that was left in order is used again. */
class MemoryDispatcher extends Dispatcher {
  readonly #ollama: MemoryOllama;
  readonly #mine = new Set<Exchange>();
  #idle = 0;
  #isClosed = false;

  constructor(ollama: MemoryOllama) {
    super();
    this.#ollama = ollama;
  }

  override dispatch(
    options: Dispatcher.DispatchOptions,
    handler: Dispatcher.DispatchHandler,
  ): boolean {
    const exchange = new Exchange(options, handler, this.#ollama, (isReusable) => {
      this.#mine.delete(exchange);
      if (isReusable) this.#idle++;
    });
    this.#mine.add(exchange);
    if (this.#isClosed) {
      exchange.fail(new Error("the client is closed"));
      return false;
    }
    if (!this.#ollama.isUp || !this.#ollama.takesConnections) this.#idle = 0;
    const isConnected = this.#idle > 0;
    if (isConnected) this.#idle--;
    exchange.start(isConnected);
    return true;
  }

  /** What is under way may end. */
  override close(): Promise<void> {
    this.#isClosed = true;
    return Promise.resolve();
  }

  override async destroy(): Promise<void> {
    this.#isClosed = true;
    await Promise.resolve();
    for (const exchange of this.#mine) exchange.fail(new Error("the client is destroyed"));
  }
}

/** One request and its answer. */
class Exchange implements Answer, Dispatcher.DispatchController {
  readonly #options: Dispatcher.DispatchOptions;
  readonly #handler: Dispatcher.DispatchHandler;
  readonly #ollama: MemoryOllama;
  readonly #settle: (isReusable: boolean) => void;
  readonly #gone = new AbortController();
  #head: { readonly status: number; readonly contentType: string; sent: boolean } | undefined;
  #isOver = false;
  #reason: Error | null = null;
  readonly paused = false;

  constructor(
    options: Dispatcher.DispatchOptions,
    handler: Dispatcher.DispatchHandler,
    ollama: MemoryOllama,
    settle: (isReusable: boolean) => void,
  ) {
    this.#options = options;
    this.#handler = handler;
    this.#ollama = ollama;
    this.#settle = settle;
    ollama.begin(this);
  }

  start(isConnected: boolean): void {
    if (isConnected) this.#send();
    else if (this.#ollama.takesConnections)
      this.#ollama.clock.schedule(HOP_MS, () => this.#connected());
    else {
      const error = new Error("Connect Timeout Error");
      this.#ollama.clock.schedule(CONNECT_TIMEOUT_MS, () => this.fail(error));
    }
  }

  fail(error: Error): void {
    if (!this.#finish(false)) return;
    this.#tell(() => this.#handler.onResponseError?.(this, error));
  }

  // As the client sees it.

  get aborted(): boolean {
    return this.#reason !== null;
  }

  get reason(): Error | null {
    return this.#reason;
  }

  abort(reason: Error): void {
    this.#reason ??= reason;
    this.fail(reason);
  }

  pause(): void {}

  resume(): void {}

  // As the engine sees it.

  get gone(): AbortSignal {
    return this.#gone.signal;
  }

  head(status: number, contentType: string): void {
    this.#head = { status, contentType, sent: false };
  }

  write(bytes: Buffer): Promise<void> {
    this.#sendHead();
    const { pieceBytes } = this.#ollama;
    for (let start = 0; start < bytes.length && !this.#isOver; start += pieceBytes) {
      const piece = bytes.subarray(start, Math.min(bytes.length, start + pieceBytes));
      this.#tell(() => this.#handler.onResponseData?.(this, piece));
    }
    return Promise.resolve();
  }

  end(): void {
    this.#sendHead();
    if (!this.#finish(true)) return;
    this.#tell(() => this.#handler.onResponseEnd?.(this, {}));
  }

  destroy(): void {
    this.fail(new Error("other side closed"));
  }

  #connected(): void {
    if (this.#isOver) return;
    if (this.#ollama.isUp) return this.#send();
    this.fail(new Error("connect ECONNREFUSED"));
  }

  #send(): void {
    this.#tell(() => this.#handler.onRequestStart?.(this, {}));
    if (!this.#isOver) this.#ollama.clock.schedule(HOP_MS, () => this.#arrive());
  }

  #arrive(): void {
    if (this.#isOver) return;
    const { path, body } = this.#options;
    const parsed =
      typeof body === "string" ? (JSON.parse(body) as Record<string, unknown>) : undefined;
    this.#ollama.engine.handle(path, parsed, this).catch((error: unknown) => {
      this.#ollama.faults.push(error);
    });
  }

  #sendHead(): void {
    if (this.#isOver || !this.#head || this.#head.sent) return;
    this.#head.sent = true;
    const { status, contentType } = this.#head;
    this.#tell(() =>
      this.#handler.onResponseStart?.(this, status, { "content-type": contentType }),
    );
  }

  #finish(isInOrder: boolean): boolean {
    if (this.#isOver) return false;
    this.#isOver = true;
    if (!isInOrder) this.#gone.abort();
    this.#ollama.over(this);
    this.#settle(isInOrder);
    return true;
  }

  #tell(callback: () => void): void {
    try {
      callback();
    } catch (error) {
      this.#ollama.faults.push(error);
    }
  }
}
