import type { Clock } from "@banterwire/protocol";
import { type Answer, sendJson } from "./answer.ts";
import type { Bookkeeper } from "./books.ts";
import { EngineSlots, tokensIn } from "./engine-slots.ts";
import type { Reply } from "./reply.ts";
import { Residency, type WhileLoading } from "./residency.ts";
import { wait } from "./wait.ts";
import { bytesOf, type Dialect, type Timings } from "./wire.ts";

export interface GeneratorOptions {
  readonly clock: Clock;
  readonly books: Bookkeeper;
  readonly slots: number;
  readonly loadMs: number;
  readonly prefillMsPerToken: number;
  readonly defaultContextLength: number;
  readonly gpuShare: number;
  readonly whileLoading: WhileLoading;
}

export interface Job {
  readonly dialect: Dialect;
  readonly model: string;
  readonly body: Readonly<Record<string, unknown>>;
  readonly prompt: string;
  readonly reply: Reply;
  readonly answer: Answer;
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

  /** What `/api/ps` lists, when it answers. */
  resident(): Promise<object[]> {
    return this.#residency.list();
  }

  unload(): void {
    this.#residency.unload();
  }

  /** A request without a prompt: loads, or changes for how long the model stays. */
  async load(
    model: string,
    body: Readonly<Record<string, unknown>>,
    answer: Answer,
  ): Promise<void> {
    if (body["keep_alive"] !== 0) await this.#ensure(model, body, answer.gone);
    this.#residency.keep(model, body["keep_alive"]);
    if (answer.gone.aborted) return;
    sendJson(answer, { model, response: "", done: true, done_reason: "load" });
  }

  /** One generation from its arrival to its end. */
  async generate(job: Job): Promise<void> {
    const { gone } = job.answer;
    const close = this.#options.books.open();
    try {
      if ((job.reply.status ?? 200) === 200) await this.#inSlot(job);
      else await this.#perform(job.reply, job.answer, job);
    } finally {
      close(gone.aborted ? "cancelled" : "done");
    }
  }

  /** A scripted answer that is no generation. */
  send(reply: Reply, answer: Answer, dialect: Dialect): Promise<void> {
    return this.#perform(reply, answer, { model: "scripted", dialect });
  }

  #ensure(
    model: string,
    body: Readonly<Record<string, unknown>>,
    signal: AbortSignal,
  ): Promise<number> {
    const wish = { model, runner: optionsOf(body), keepAlive: body["keep_alive"], signal };
    return this.#residency.ensure(wish);
  }

  async #inSlot(job: Job): Promise<void> {
    const { books, prefillMsPerToken } = this.#options;
    const { gone } = job.answer;
    const loadMs = await this.#ensure(job.model, job.body, gone);
    // Who left while the model was loaded has no turn.
    if (gone.aborted) return;
    this.#residency.keep(job.model, job.body["keep_alive"]);
    if (!this.#slots.hasFree) books.count("queued");
    const lease = await this.#slots.acquire(job.prompt, gone);
    if (!lease) return;
    // After its prefill a slot is free as soon as nobody listens, or before the last line is out.
    gone.addEventListener("abort", lease.release, { once: true });
    try {
      const prefillMs = job.reply.prefillMs ?? lease.uncachedTokens * prefillMsPerToken;
      await lease.prefill(prefillMs, gone);
      const timings: Timings = {
        loadNs: loadMs * NS_PER_MS,
        prefillNs: prefillMs * NS_PER_MS,
        promptTokens: tokensIn(job.prompt),
        tokens: job.reply.steps.filter((step) => step.do === "say").length,
      };
      await this.#perform(job.reply, job.answer, { ...job, timings, atLast: lease.release });
    } finally {
      lease.release();
    }
  }

  async #perform(
    { status = 200, contentType = "application/x-ndjson", steps }: Reply,
    answer: Answer,
    style: {
      readonly model: string;
      readonly dialect: Dialect;
      readonly timings?: Timings;
      readonly atLast?: () => void;
    },
  ): Promise<void> {
    const { gone } = answer;
    // The headers leave with the first bytes: there is no earlier sign of life.
    answer.head(status, contentType);
    for (const step of steps) {
      if (gone.aborted) return;
      if (step.do === "die") return answer.destroy();
      if (step.do === "hang") return untilGone(gone);
      if (step.do === "done") style.atLast?.();
      if (step.do === "wait") await wait(this.#options.clock, step.ms, gone);
      else {
        const bytes = bytesOf(step, style.model, style.dialect, style.timings);
        if (bytes.length > 0) await answer.write(bytes);
      }
    }
    if (!gone.aborted) answer.end();
  }
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
