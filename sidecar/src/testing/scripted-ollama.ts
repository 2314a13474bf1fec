import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { type Clock, systemClock } from "@banterwire/protocol";
import { Bookkeeper, type Books } from "./books.ts";
import { Generator } from "./generator.ts";
import { type Reply, saying } from "./reply.ts";

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

export interface ScriptedOllamaOptions {
  /** 0, the default, takes a free one. */
  readonly port?: number;
  /** Moves prefills, loads and scripted waits; hold it still to hold them still. */
  readonly clock?: Clock;
  readonly version?: string;
  readonly models?: readonly ScriptedModel[];
  /** What `OLLAMA_NUM_PARALLEL` says. */
  readonly slots?: number;
  readonly loadMs?: number;
  readonly prefillMsPerToken?: number;
  readonly defaultContextLength?: number;
  readonly answerWith?: Reply | Script;
}

/** A real HTTP server that speaks Ollama's API and does what its script says. */
export interface ScriptedOllama {
  readonly origin: string;
  readonly port: number;
  readonly books: Books;
  /** How generations are answered from now on. */
  answerWith(answer: Reply | Script): void;
  /** How another path is answered from now on; `usual` takes that back. */
  answerPathWith(path: string, answer: Reply | "usual"): void;
  install(model: ScriptedModel): void;
  /** The model leaves memory, as when another client wants the room. */
  unload(): void;
  /** Drops every connection and frees the port. */
  close(): Promise<void>;
}

const MAX_BODY_BYTES = 16_777_216;
const DEFAULT_MODEL: ScriptedModel = { name: "scripted:latest" };
const DEFAULT_LINE = saying("Mind the step, traveller.");

/** Starts one on 127.0.0.1. */
export async function startScriptedOllama(
  options: ScriptedOllamaOptions = {},
): Promise<ScriptedOllama> {
  const host = new ScriptedHost(options);
  await host.listen(options.port ?? 0);
  return host;
}

class ScriptedHost implements ScriptedOllama {
  readonly #options: ScriptedOllamaOptions;
  readonly #bookkeeper = new Bookkeeper();
  readonly #generator: Generator;
  readonly #models = new Map<string, ScriptedModel>();
  readonly #pathAnswers = new Map<string, Reply>();
  readonly #sockets = new Set<Socket>();
  readonly #server = createServer((request, response) => {
    this.#handle(request, response).catch(() => response.destroy());
  });
  #script: Script;
  #generations = 0;

  constructor(options: ScriptedOllamaOptions) {
    this.#options = options;
    this.#script = asScript(options.answerWith ?? DEFAULT_LINE);
    for (const model of options.models ?? [DEFAULT_MODEL]) this.install(model);
    this.#generator = new Generator({
      clock: options.clock ?? systemClock,
      books: this.#bookkeeper,
      slots: options.slots ?? 1,
      loadMs: options.loadMs ?? 0,
      prefillMsPerToken: options.prefillMsPerToken ?? 0,
      defaultContextLength: options.defaultContextLength ?? 4_096,
    });
    this.#server.on("connection", (socket) => this.#attend(socket));
    this.#server.on("clientError", (_error, socket) => socket.destroy());
  }

  get origin(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get books(): Books {
    return this.#bookkeeper.books;
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

  listen(port: number): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#server.once("error", reject);
      this.#server.listen(port, "127.0.0.1", () => resolve());
    });
  }

  close(): Promise<void> {
    return new Promise((resolve) => {
      this.#server.close(() => resolve());
      for (const socket of this.#sockets) socket.destroy();
    });
  }

  #attend(socket: Socket): void {
    socket.setNoDelay(true);
    socket.on("error", () => socket.destroy());
    this.#sockets.add(socket);
    this.#bookkeeper.socketOpened();
    socket.on("close", () => {
      this.#sockets.delete(socket);
      this.#bookkeeper.socketClosed();
    });
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = request.url ?? "/";
    const body = await bodyOf(request);
    this.#bookkeeper.receive({ path, body });
    const scripted = this.#pathAnswers.get(path);
    if (scripted) return this.#generator.send(scripted, response, "generate");
    switch (path) {
      case "/api/version":
        return json(response, { version: this.#options.version ?? "0.33.0-scripted" });
      case "/api/tags":
        return json(response, { models: this.#models.values().map(asTag).toArray() });
      case "/api/ps":
        return json(response, { models: this.#generator.resident });
      case "/api/show":
        return this.#show(body, response);
      case "/api/chat":
      case "/api/generate":
        return this.#generate(path === "/api/chat" ? "chat" : "generate", body ?? {}, response);
      default:
        return json(response, { error: `nothing at ${path}` }, 404);
    }
  }

  #show(body: Readonly<Record<string, unknown>> | undefined, response: ServerResponse): void {
    const model = this.#models.get(String(body?.["model"]));
    if (!model) return json(response, { error: "model not found" }, 404);
    json(response, { capabilities: model.capabilities ?? ["completion"], model_info: {} });
  }

  #generate(
    dialect: "chat" | "generate",
    body: Readonly<Record<string, unknown>>,
    response: ServerResponse,
  ): Promise<void> {
    const model = String(body["model"]);
    if (!this.#models.has(model)) {
      json(response, { error: `model '${model}' not found` }, 404);
      return Promise.resolve();
    }
    const prompt = promptOf(body);
    if (prompt === "") return this.#generator.load(model, body, response);
    const reply = this.#script(body, this.#generations++);
    return this.#generator.generate({ dialect, model, body, prompt, reply, response });
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

function json(response: ServerResponse, value: object, status = 200): void {
  response.writeHead(status, { "content-type": "application/json" });
  response.end(JSON.stringify(value));
}

async function bodyOf(
  request: IncomingMessage,
): Promise<Readonly<Record<string, unknown>> | undefined> {
  let text = "";
  for await (const chunk of request.setEncoding("utf8")) {
    text += String(chunk);
    if (text.length > MAX_BODY_BYTES) throw new Error(`a body of more than ${MAX_BODY_BYTES}`);
  }
  if (text === "") return undefined;
  return JSON.parse(text) as Readonly<Record<string, unknown>>;
}
