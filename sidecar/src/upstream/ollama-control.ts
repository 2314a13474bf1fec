import { type Clock, systemClock } from "@banterwire/protocol";
import type { Dispatcher } from "undici";
import { z } from "zod";
import { LOAD_TIMEOUT_MS } from "../policy/care.ts";
import { request } from "./undici.ts";

/** Enough for a busy machine. */
const CONTROL_TIMEOUT_MS = 5_000;
/** How often `/api/ps` is asked before its silence is no load's any more. */
const MAX_RESIDENT_ASKS = LOAD_TIMEOUT_MS / CONTROL_TIMEOUT_MS;
const NO_TIMEOUT = Infinity;
const MAX_BODY_BYTES = 4_194_304;
const MAX_WHY_CHARS = 300;
const MAX_SHOWN_CHARS = 100;

const version = z.object({ version: z.string() });
const tags = z.object({
  models: z.array(
    z.object({ name: z.string(), size: z.number().default(0), remote_host: z.string().optional() }),
  ),
});
const ps = z.object({
  models: z.array(
    z.object({
      name: z.string(),
      size: z.number().optional(),
      size_vram: z.number().optional(),
      expires_at: z.string().optional(),
      context_length: z.number().optional(),
    }),
  ),
});
const show = z.object({
  capabilities: z.array(z.string()).optional(),
  model_info: z.record(z.string(), z.unknown()).optional(),
});

export type InstalledModel = z.infer<typeof tags>["models"][number];
export type ResidentModel = z.infer<typeof ps>["models"][number];

/** Ollama answered a call, with a status other than 200. */
export class RefusedError extends Error {
  readonly status: number;
  readonly why: string;

  constructor(path: string, status: number, why: string) {
    super(`${path} answered HTTP ${status}: ${why}`);
    this.name = "RefusedError";
    this.status = status;
    this.why = why;
  }
}

/** A call was answered by what is no answer of Ollama's. */
export class OddAnswerError extends Error {
  constructor(path: string, answer: string) {
    super(`${path} was answered by ${JSON.stringify(answer.slice(0, MAX_SHOWN_CHARS))}`);
    this.name = "OddAnswerError";
  }
}

/** Ollama did not answer a call in time. */
class LateError extends Error {
  constructor(path: string, timeoutMs: number) {
    super(`${path} gave no answer within ${timeoutMs} ms`);
    this.name = "LateError";
  }
}

/** The calls to Ollama that carry no dialogue. Each rejects with an error that says what failed. */
export class OllamaControl {
  readonly #origin: string;
  readonly #dispatcher: Dispatcher;
  readonly #signal: AbortSignal;
  readonly #clock: Clock;

  /** @param signal ends every call that is under way */
  constructor(
    origin: string,
    dispatcher: Dispatcher,
    signal: AbortSignal,
    clock: Clock = systemClock,
  ) {
    this.#origin = origin;
    this.#dispatcher = dispatcher;
    this.#signal = signal;
    this.#clock = clock;
  }

  async version(): Promise<string> {
    return (await this.#call("GET", "/api/version", undefined, version)).version;
  }

  async installed(): Promise<readonly InstalledModel[]> {
    return (await this.#call("GET", "/api/tags", undefined, tags)).models;
  }

  /**
   * The models in memory, and with most versions those on their way there. An Ollama that is loading
   * or unloading one may say nothing until that is over: it is asked again while its version shows
   * that it lives, for as long as a load may take.
   */
  async resident(): Promise<readonly ResidentModel[]> {
    for (let asks = 1; asks < MAX_RESIDENT_ASKS; asks++) {
      try {
        return await this.#ps();
      } catch (error) {
        if (!(error instanceof LateError)) throw error;
        await this.version();
      }
    }
    return this.#ps();
  }

  /** Whether a model can chat; older Ollamas do not say, and are taken at their word for all. */
  async canChat(model: string): Promise<boolean> {
    const { capabilities } = await this.#call("POST", "/api/show", { model }, show);
    return capabilities === undefined || capabilities.includes("completion");
  }

  /** What a model says of its own build, such as `llama.block_count`; empty where it says nothing. */
  async modelInfo(model: string): Promise<Readonly<Record<string, unknown>>> {
    return (await this.#call("POST", "/api/show", { model }, show)).model_info ?? {};
  }

  /**
   * Loads a model, or waits for a load that is under way, or changes for how long it stays. Has no
   * deadline unless told: a load that is cut short has to begin anew.
   */
  async load(
    model: string,
    options: object,
    keepAlive: number | string | undefined,
    timeoutMs: number = NO_TIMEOUT,
  ): Promise<void> {
    const body = { model, options, keep_alive: keepAlive, stream: false };
    await this.#call("POST", "/api/generate", body, z.object({}), timeoutMs);
  }

  /** Puts a model out of memory. */
  async unload(model: string): Promise<void> {
    const body = { model, keep_alive: 0, stream: false };
    await this.#call("POST", "/api/generate", body, z.object({}));
  }

  async #ps(): Promise<readonly ResidentModel[]> {
    return (await this.#call("GET", "/api/ps", undefined, ps)).models;
  }

  async #call<T>(
    method: "GET" | "POST",
    path: string,
    body: object | undefined,
    schema: z.ZodType<T>,
    timeoutMs: number = CONTROL_TIMEOUT_MS,
  ): Promise<T> {
    const expiry = new AbortController();
    const disarm =
      timeoutMs === NO_TIMEOUT
        ? () => {}
        : this.#clock.schedule(timeoutMs, () => expiry.abort(new LateError(path, timeoutMs)));
    try {
      const response = await request(this.#dispatcher, {
        origin: this.#origin,
        path,
        method,
        headersTimeout: 0,
        bodyTimeout: 0,
        signal: AbortSignal.any([this.#signal, expiry.signal]),
        ...(body && {
          body: JSON.stringify(body),
          headers: { "content-type": "application/json" },
        }),
      });
      const text = await readBounded(response.body);
      if (response.statusCode !== 200) {
        throw new RefusedError(path, response.statusCode, text.slice(0, MAX_WHY_CHARS));
      }
      return parsed(schema, path, text);
    } finally {
      disarm();
    }
  }
}

function parsed<T>(schema: z.ZodType<T>, path: string, text: string): T {
  try {
    return schema.parse(JSON.parse(text));
  } catch {
    throw new OddAnswerError(path, text);
  }
}

async function readBounded(body: AsyncIterable<Buffer>): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    bytes += chunk.length;
    if (bytes > MAX_BODY_BYTES) throw new Error(`an answer of more than ${MAX_BODY_BYTES} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}
