import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { httpAnswer } from "./answer.ts";
import type { Books } from "./books.ts";
import type { Reply } from "./reply.ts";
import {
  type Script,
  ScriptedEngine,
  type ScriptedEngineOptions,
  type ScriptedModel,
} from "./scripted-engine.ts";

export interface ScriptedOllamaOptions extends ScriptedEngineOptions {
  /** 0, the default, takes a free one. */
  readonly port?: number;
  /** 127.0.0.1 unless said otherwise. */
  readonly host?: string;
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

/** Starts one on this machine. */
export async function startScriptedOllama(
  options: ScriptedOllamaOptions = {},
): Promise<ScriptedOllama> {
  const host = new ScriptedHost(options);
  await host.listen(options.port ?? 0, options.host ?? "127.0.0.1");
  return host;
}

class ScriptedHost implements ScriptedOllama {
  readonly #engine: ScriptedEngine;
  readonly #sockets = new Set<Socket>();
  readonly #server = createServer((request, response) => {
    this.#handle(request, response).catch(() => response.destroy());
  });

  constructor(options: ScriptedOllamaOptions) {
    this.#engine = new ScriptedEngine(options);
    // Ollama keeps an idle connection for as long as its client does.
    this.#server.keepAliveTimeout = 0;
    this.#server.on("connection", (socket) => this.#attend(socket));
    this.#server.on("clientError", (_error, socket) => socket.destroy());
  }

  get origin(): string {
    const { address } = this.#server.address() as AddressInfo;
    return `http://${address}:${this.port}`;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get books(): Books {
    return this.#engine.books;
  }

  answerWith(answer: Reply | Script): void {
    this.#engine.answerWith(answer);
  }

  answerPathWith(path: string, answer: Reply | "usual"): void {
    this.#engine.answerPathWith(path, answer);
  }

  install(model: ScriptedModel): void {
    this.#engine.install(model);
  }

  unload(): void {
    this.#engine.unload();
  }

  listen(port: number, host: string): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#server.once("error", reject);
      this.#server.listen(port, host, () => resolve());
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
    this.#engine.bookkeeper.socketOpened();
    socket.on("close", () => {
      this.#sockets.delete(socket);
      this.#engine.bookkeeper.socketClosed();
    });
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await bodyOf(request);
    await this.#engine.handle(request.url ?? "/", body, httpAnswer(response));
  }
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
