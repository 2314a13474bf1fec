import type { ServerResponse } from "node:http";
import type { Clock } from "@banterwire/protocol";
import type { Bookkeeper } from "./books.ts";
import { EngineSlots, tokensIn } from "./engine-slots.ts";
import type { Reply, Step } from "./reply.ts";
import { Residency } from "./residency.ts";
import { wait } from "./wait.ts";
import { bytesOf, type Dialect, type Timings } from "./wire.ts";

export interface GeneratorOptions {
  readonly clock: Clock;
  readonly books: Bookkeeper;
  readonly slots: number;
  readonly loadMs: number;
  readonly prefillMsPerToken: number;
  readonly defaultContextLength: number;
}

export interface Job {
  readonly dialect: Dialect;
  readonly model: string;
  readonly body: Readonly<Record<string, unknown>>;
  readonly prompt: string;
  readonly reply: Reply;
  readonly response: ServerResponse;
}

const NS_PER_MS = 1e6;

/** Carries out replies in an engine's order: load, queue, prefill, then the steps. */
export class Generator {
  readonly #options: GeneratorOptions;
  readonly #slots: EngineSlots;
  readonly #residency: Residency;

  constructor(options: GeneratorOptions) {
    this.#options = options;
    this.#slots = new EngineSlots(options.slots, options.clock);
    this.#residency = new Residency({ ...options, onUnload: () => this.#slots.forget() });
  }

  get resident(): object[] {
    return this.#residency.list;
  }

  unload(): void {
    this.#residency.unload();
  }

  /** A request without a prompt: loads, or changes for how long the model stays. */
  async load(
    model: string,
    body: Readonly<Record<string, unknown>>,
    response: ServerResponse,
  ): Promise<void> {
    const { signal, settle } = presence(response);
    if (body["keep_alive"] !== 0) await this.#residency.ensure(model, optionsOf(body), signal);
    this.#residency.keep(model, body["keep_alive"]);
    if (!signal.aborted) {
      response.writeHead(200, { "content-type": "application/json" });
      response.end(JSON.stringify({ model, response: "", done: true, done_reason: "load" }));
    }
    settle();
  }

  /** One generation from its arrival to its end. */
  async generate(job: Job): Promise<void> {
    const { books } = this.#options;
    const { signal, settle } = presence(job.response);
    const close = books.open();
    try {
      if ((job.reply.status ?? 200) === 200) await this.#inSlot(job, signal);
      else await this.#perform(job.reply, job.response, signal, job);
    } finally {
      close(signal.aborted ? "cancelled" : "done");
      settle();
    }
  }

  /** A scripted answer that is no generation. */
  async send(reply: Reply, response: ServerResponse, dialect: Dialect): Promise<void> {
    const { signal, settle } = presence(response);
    await this.#perform(reply, response, signal, { model: "scripted", dialect });
    settle();
  }

  async #inSlot(job: Job, signal: AbortSignal): Promise<void> {
    const { books, prefillMsPerToken } = this.#options;
    const loadMs = await this.#residency.ensure(job.model, optionsOf(job.body), signal);
    this.#residency.keep(job.model, job.body["keep_alive"]);
    if (!this.#slots.hasFree) books.count("queued");
    const lease = await this.#slots.acquire(job.prompt, signal);
    if (!lease) return;
    try {
      const prefillMs = job.reply.prefillMs ?? lease.uncachedTokens * prefillMsPerToken;
      await lease.prefill(prefillMs, signal);
      const timings: Timings = {
        loadNs: loadMs * NS_PER_MS,
        prefillNs: prefillMs * NS_PER_MS,
        promptTokens: tokensIn(job.prompt),
        tokens: job.reply.steps.filter((step) => step.do === "say").length,
      };
      await this.#perform(job.reply, job.response, signal, { ...job, timings });
    } finally {
      lease.release();
    }
  }

  async #perform(
    { status = 200, contentType = "application/x-ndjson", steps }: Reply,
    response: ServerResponse,
    signal: AbortSignal,
    style: { readonly model: string; readonly dialect: Dialect; readonly timings?: Timings },
  ): Promise<void> {
    // The headers leave with the first bytes: there is no earlier sign of life.
    response.writeHead(status, { "content-type": contentType });
    for (const step of steps) {
      if (signal.aborted) return;
      if (step.do === "die") return void response.socket?.destroy();
      if (step.do === "hang") return untilGone(signal);
      if (step.do === "wait") await wait(this.#options.clock, step.ms, signal);
      else await written(response, step, style);
    }
    if (!signal.aborted) response.end();
  }
}

/** Each write in a loop turn of its own, so that pieces stay pieces on the wire. */
function written(
  response: ServerResponse,
  step: Step,
  style: { readonly model: string; readonly dialect: Dialect; readonly timings?: Timings },
): Promise<void> {
  const bytes = bytesOf(step, style.model, style.dialect, style.timings);
  if (bytes.length === 0) return Promise.resolve();
  return new Promise((resolve) => {
    response.write(bytes, () => setImmediate(resolve));
  });
}

/** Aborted when the client goes away before the answer is complete. */
function presence(response: ServerResponse): { signal: AbortSignal; settle: () => void } {
  const gone = new AbortController();
  const onClose = (): void => {
    if (!response.writableFinished) gone.abort();
  };
  response.on("close", onClose);
  return { signal: gone.signal, settle: () => response.off("close", onClose) };
}

function untilGone(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    signal.addEventListener("abort", () => resolve(), { once: true });
  });
}

function optionsOf(body: Readonly<Record<string, unknown>>): object | undefined {
  const { options } = body;
  return typeof options === "object" && options !== null ? options : undefined;
}
