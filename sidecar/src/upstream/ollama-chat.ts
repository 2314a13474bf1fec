import type { Clock } from "@banterwire/protocol";
import type { Dispatcher } from "undici";
import { LineSplitter } from "./ndjson.ts";
import { plainTokenIn } from "./token-line.ts";
import type { ChatRequest, Failure, GenerationEvents } from "./upstream.ts";

/** Options that decide how a model is loaded. One frozen object per model, sent every time. */
export interface RunnerOptions {
  readonly num_ctx?: number;
}

/** An Ollama line holds one token; a megabyte of it is no token. */
const MAX_LINE_BYTES = 1_048_576;
const MAX_WHY_CHARS = 300;
const NS_PER_MS = 1e6;
/** How long an answer that is done may take to end; a proxy may keep it open for ever. */
const END_WITHIN_MS = 1_000;
/** Forever: the latest request that carries it wins, so each one does. */
export const KEEP_ALIVE_FOREVER = -1;

/** The body of a chat request, stable in everything but its messages. */
export function chatBody(model: string, request: ChatRequest, options: RunnerOptions): string {
  return JSON.stringify({
    model,
    messages: request.messages,
    stream: true,
    // Unset means true for models that can think, which would spend the budget unseen.
    think: false,
    // Two hops less inside Ollama, and the prefix stays as it was sent.
    truncate: false,
    keep_alive: KEEP_ALIVE_FOREVER,
    options: { ...request.options, ...options, num_predict: request.maxTokens },
  });
}

export interface ChatParts {
  readonly clock: Clock;
  /** Told how many pieces of text came after the abort. */
  readonly onTextAfterCancel?: (pieces: number) => void;
}

/**
 * Streams one chat. The body is read without pause to its end: a paused reader that is destroyed
 * later can leak one of Ollama's slots for good.
 */
export function streamChat(
  dispatcher: Dispatcher,
  body: string,
  signal: AbortSignal,
  events: GenerationEvents,
  parts: ChatParts,
): void {
  if (signal.aborted) return;
  dispatcher.dispatch(
    {
      path: "/api/chat",
      method: "POST",
      headers: { "content-type": "application/json" },
      body,
    },
    new ChatHandler(signal, events, parts),
  );
}

/** One for all: nobody reads it, and an error that is made takes its stack with it. */
const GIVEN_UP = new Error("the line was given up");

class ChatHandler implements Dispatcher.DispatchHandler {
  readonly #signal: AbortSignal;
  readonly #events: GenerationEvents;
  readonly #parts: ChatParts;
  readonly #lines = new LineSplitter(MAX_LINE_BYTES, (line) => this.#onLine(line));
  #controller: Dispatcher.DispatchController | undefined;
  #status = 0;
  #over = false;
  #afterCancel = 0;
  #disarm = (): void => {};
  readonly #abort = (): void => {
    this.#over = true;
    this.#controller?.abort(GIVEN_UP);
  };

  constructor(signal: AbortSignal, events: GenerationEvents, parts: ChatParts) {
    this.#signal = signal;
    this.#events = events;
    this.#parts = parts;
    signal.addEventListener("abort", this.#abort, { once: true });
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    if (this.#over) this.#abort();
    else this.#events.sent();
  }

  onResponseStart(_controller: Dispatcher.DispatchController, statusCode: number): void {
    this.#status = statusCode;
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#over && !this.#signal.aborted) return;
    const isSound = this.#lines.push(chunk);
    this.#tellAfterCancel();
    if (isSound || this.#over) return;
    this.#reject({ kind: "protocol", why: `a line of more than ${MAX_LINE_BYTES} bytes` });
  }

  onResponseEnd(): void {
    this.#disarm();
    this.#lines.flush();
    const status = this.#status;
    if (status !== 200) this.#fail({ kind: "status", why: `HTTP ${status}`, status });
    this.#fail({ kind: "ended-early", why: "the stream ended before it was done" });
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    this.#disarm();
    const kind = this.#status === 0 ? "connect" : "ended-early";
    this.#fail({ kind, why: error.message || error.name });
  }

  #onLine(line: string): void {
    const token = this.#over || this.#status !== 200 ? undefined : plainTokenIn(line);
    if (token !== undefined) return this.#events.text(token);
    const chunk = parseObject(line);
    if (this.#over) {
      if (this.#signal.aborted && textOf(chunk)) this.#afterCancel++;
      return;
    }
    const status = this.#status;
    if (status !== 200) {
      const why = typeof chunk?.["error"] === "string" ? chunk["error"] : line;
      return this.#reject({ kind: "status", why: `HTTP ${status}: ${clip(why)}`, status });
    }
    if (!chunk) return this.#reject({ kind: "protocol", why: `no JSON: ${clip(line)}` });
    if (typeof chunk["error"] === "string") {
      return this.#reject({ kind: "engine", why: clip(chunk["error"]) });
    }
    const text = textOf(chunk);
    if (text !== undefined) this.#events.text(text);
    if (chunk["done"] === true) this.#done(chunk);
  }

  #tellAfterCancel(): void {
    if (this.#afterCancel === 0) return;
    this.#parts.onTextAfterCancel?.(this.#afterCancel);
    this.#afterCancel = 0;
  }

  #done(chunk: Readonly<Record<string, unknown>>): void {
    if (this.#over) return;
    this.#finish();
    this.#disarm = this.#parts.clock.schedule(END_WITHIN_MS, this.#abort);
    this.#events.done({
      stoppedBy: chunk["done_reason"] === "length" ? "length" : "stop",
      loadMs: numberOr0(chunk["load_duration"]) / NS_PER_MS,
      prefillMs: numberOr0(chunk["prompt_eval_duration"]) / NS_PER_MS,
      promptTokens: numberOr0(chunk["prompt_eval_count"]),
      tokens: numberOr0(chunk["eval_count"]),
    });
  }

  /** Fails without waiting for the response's end, which may never come. */
  #reject(failure: Failure): void {
    if (this.#over) return;
    this.#fail(failure);
    this.#controller?.abort(new Error(failure.why));
  }

  #fail(failure: Failure): void {
    if (this.#over) return;
    this.#finish();
    this.#events.failed(failure);
  }

  #finish(): void {
    this.#over = true;
    this.#signal.removeEventListener("abort", this.#abort);
  }
}

/** The text of a chunk, which may be empty; undefined where it has none. */
function textOf(chunk: Readonly<Record<string, unknown>> | undefined): string | undefined {
  const message = chunk?.["message"];
  const text = isObject(message) ? message["content"] : undefined;
  return typeof text === "string" ? text : undefined;
}

function parseObject(line: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function numberOr0(value: unknown): number {
  return typeof value === "number" && Number.isFinite(value) && value > 0 ? value : 0;
}

function clip(text: string): string {
  return text.slice(0, MAX_WHY_CHARS);
}
