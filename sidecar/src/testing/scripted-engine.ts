import { type Clock, systemClock } from "@banterwire/protocol";
import { type Answer, sendJson } from "./answer.ts";
import { Bookkeeper, type Books } from "./books.ts";
import { Generator } from "./generator.ts";
import { type Reply, saying } from "./reply.ts";
import type { WhileLoading } from "./residency.ts";

/** An installed model. */
export interface ScriptedModel {
  readonly name: string;
  readonly sizeBytes?: number;
  /** As `/api/show` tells; a model that can chat has `completion`. */
  readonly capabilities?: readonly string[];
  /** Served by another machine: a cloud model. */
  readonly remoteHost?: string;
}

/** Decides how a generation is answered; `index` counts them from 0. */
export type Script = (body: Readonly<Record<string, unknown>>, index: number) => Reply;

export interface ScriptedEngineOptions {
  /** Moves prefills, loads and scripted waits; hold it still to hold them still. */
  readonly clock?: Clock;
  readonly version?: string;
  readonly models?: readonly ScriptedModel[];
  /** What `OLLAMA_NUM_PARALLEL` says. */
  readonly slots?: number;
  readonly loadMs?: number;
  /** What `/api/ps` says of a model that is being loaded; `lists` unless said otherwise. */
  readonly whileLoading?: WhileLoading;
  readonly prefillMsPerToken?: number;
  readonly defaultContextLength?: number;
  /** How much of a model fits into GPU memory, 0 to 1; all of it unless said otherwise. */
  readonly gpuShare?: number;
  readonly answerWith?: Reply | Script;
}

const DEFAULT_MODEL: ScriptedModel = { name: "scripted:latest" };
const DEFAULT_LINE = saying("Mind the step, traveller.");

/** What an Ollama does with requests, however they come: its models, its slots and its script. */
export class ScriptedEngine {
  readonly bookkeeper = new Bookkeeper();
  readonly #options: ScriptedEngineOptions;
  readonly #models = new Map<string, ScriptedModel>();
  readonly #pathAnswers = new Map<string, Reply>();
  #generator: Generator;
  #script: Script;
  #generations = 0;

  constructor(options: ScriptedEngineOptions) {
    this.#options = options;
    this.#script = asScript(options.answerWith ?? DEFAULT_LINE);
    for (const model of options.models ?? [DEFAULT_MODEL]) this.install(model);
    this.#generator = this.#createGenerator();
  }

  get books(): Books {
    return this.bookkeeper.books;
  }

  answerWith(answer: Reply | Script): void {
    this.#script = asScript(answer);
  }

  answerPathWith(path: string, answer: Reply | "usual"): void {
    if (answer === "usual") this.#pathAnswers.delete(path);
    else this.#pathAnswers.set(path, answer);
  }

  install(model: ScriptedModel): void {
    this.#models.set(model.name, model);
  }

  unload(): void {
    this.#generator.unload();
  }

  /** As a new process: nothing is in memory, every slot is free. */
  restart(): void {
    this.#generator = this.#createGenerator();
  }

  /** One request from its arrival to its end. */
  async handle(
    path: string,
    body: Readonly<Record<string, unknown>> | undefined,
    answer: Answer,
  ): Promise<void> {
    this.bookkeeper.receive({ path, body });
    const scripted = this.#pathAnswers.get(path);
    if (scripted) return this.#generator.send(scripted, answer, "generate");
    switch (path) {
      case "/api/version":
        return sendJson(answer, { version: this.#options.version ?? "0.33.0-scripted" });
      case "/api/tags":
        return sendJson(answer, { models: this.#models.values().map(asTag).toArray() });
      case "/api/ps":
        return sendJson(answer, { models: await this.#generator.resident() });
      case "/api/show":
        return this.#show(body, answer);
      case "/api/chat":
      case "/api/generate":
        return this.#generate(path === "/api/chat" ? "chat" : "generate", body ?? {}, answer);
      default:
        return sendJson(answer, { error: `nothing at ${path}` }, 404);
    }
  }

  #createGenerator(): Generator {
    const { clock, slots, loadMs, prefillMsPerToken, defaultContextLength, gpuShare } =
      this.#options;
    const { whileLoading } = this.#options;
    return new Generator({
      clock: clock ?? systemClock,
      books: this.bookkeeper,
      slots: slots ?? 1,
      loadMs: loadMs ?? 0,
      prefillMsPerToken: prefillMsPerToken ?? 0,
      defaultContextLength: defaultContextLength ?? 4_096,
      gpuShare: gpuShare ?? 1,
      whileLoading: whileLoading ?? "lists",
    });
  }

  #show(body: Readonly<Record<string, unknown>> | undefined, answer: Answer): void {
    const model = this.#models.get(String(body?.["model"]));
    if (!model) return sendJson(answer, { error: "model not found" }, 404);
    sendJson(answer, { capabilities: model.capabilities ?? ["completion"], model_info: {} });
  }

  #generate(
    dialect: "chat" | "generate",
    body: Readonly<Record<string, unknown>>,
    answer: Answer,
  ): Promise<void> {
    const model = String(body["model"]);
    if (!this.#models.has(model)) {
      sendJson(answer, { error: `model '${model}' not found` }, 404);
      return Promise.resolve();
    }
    const prompt = promptOf(body);
    if (prompt === "") return this.#generator.load(model, body, answer);
    const reply = this.#script(body, this.#generations++);
    return this.#generator.generate({ dialect, model, body, prompt, reply, answer });
  }
}

function asScript(answer: Reply | Script): Script {
  return typeof answer === "function" ? answer : () => answer;
}

function asTag({ name, sizeBytes = 1_000_000, remoteHost }: ScriptedModel): object {
  const remote = remoteHost === undefined ? {} : { remote_host: remoteHost };
  return { name, model: name, size: sizeBytes, ...remote };
}

function promptOf(body: Readonly<Record<string, unknown>>): string {
  const { messages, prompt } = body;
  if (typeof prompt === "string") return prompt;
  if (!Array.isArray(messages)) return "";
  return messages.map((message: { content?: unknown }) => String(message.content)).join("\n");
}
