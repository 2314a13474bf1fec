import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { type Endpoint, endReply, generationOf, residencyReply, textReply } from "./completion.ts";
import { isLocalHostHeader, readJson, sendJson, sendLine, sendText } from "./http-io.ts";
import type { LoadedModel } from "./loaded-model.ts";
import { type ModelFacts, showReply } from "./model-facts.ts";
import { type ModelFile, sameModel } from "./model-file.ts";
import { type Completion, parseChat, parseGenerate, parseShow, RequestError } from "./requests.ts";
import type { Residency } from "./residency.ts";
import { QueueFullError } from "./slots.ts";
import { reasonOf } from "./startup-error.ts";

export interface ServerParts {
  readonly file: ModelFile;
  readonly facts: ModelFacts;
  readonly residency: Residency<LoadedModel>;
  readonly contextTokens: number;
  readonly version: string;
  /** Refuse `Host` headers that are not names of this machine. */
  readonly localOnly: boolean;
  /** Aborted when the process is about to end: every generation stops. */
  readonly closing: AbortSignal;
}

type Handler = (request: IncomingMessage, response: ServerResponse) => void | Promise<void>;

const MAX_CONNECTIONS = 512;
const HEADERS_TIMEOUT_MS = 10_000;
const REQUEST_TIMEOUT_MS = 30_000;
/** Longer than clients keep an idle connection, so that it is they who close it and no request meets a closed one. */
const KEEP_ALIVE_TIMEOUT_MS = 900_000;
/** Ollama's "forever" is its longest duration, about 292 years from now; a fixed far date says the same. */
const FOREVER = "2318-01-01T00:00:00Z";

export function createOllamaServer(parts: ServerParts): Server {
  const routes = routesOf(parts);
  const server = createServer(
    {
      noDelay: true,
      keepAliveTimeout: KEEP_ALIVE_TIMEOUT_MS,
      headersTimeout: HEADERS_TIMEOUT_MS,
      requestTimeout: REQUEST_TIMEOUT_MS,
    },
    (request, response) => {
      request.on("error", () => response.destroy());
      response.on("error", () => response.destroy());
      void route(routes, parts, request, response).catch((error: unknown) => {
        fail(response, error);
      });
    },
  );
  server.maxConnections = MAX_CONNECTIONS;
  server.on("clientError", (_error, socket) => {
    if (socket.writable) socket.end("HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n");
    else socket.destroy();
  });
  return server;
}

const home: Handler = (_request, response) => sendText(response, 200, "Ollama is running");

function routesOf(parts: ServerParts): ReadonlyMap<string, Readonly<Record<string, Handler>>> {
  const { file, facts, version } = parts;
  const showVersion: Handler = (_request, response) => sendJson(response, 200, { version });
  const list: Handler = async (_request, response) =>
    sendJson(response, 200, { models: [await listEntry(file, facts)] });
  const complete =
    (endpoint: Endpoint, parse: (body: unknown) => Completion): Handler =>
    async (request, response) =>
      answerCompletion(parts, endpoint, parse(await readJson(request)), response);
  return new Map<string, Readonly<Record<string, Handler>>>([
    ["/", { GET: home, HEAD: home }],
    ["/api/version", { GET: showVersion, HEAD: showVersion }],
    ["/api/tags", { GET: list, HEAD: list }],
    ["/api/ps", { GET: async (_request, response) => answerPs(parts, response) }],
    [
      "/api/show",
      {
        POST: async (request, response) => {
          requireServed(file, parseShow(await readJson(request)));
          sendJson(response, 200, showReply(file, facts));
        },
      },
    ],
    ["/api/chat", { POST: complete("chat", parseChat) }],
    ["/api/generate", { POST: complete("generate", parseGenerate) }],
  ]);
}

async function route(
  routes: ReadonlyMap<string, Readonly<Record<string, Handler>>>,
  parts: ServerParts,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  if (parts.localOnly && !isLocalHostHeader(request.headers.host))
    throw new RequestError(403, "this server answers to names of this machine only");
  const path = (request.url ?? "/").split("?", 1)[0] ?? "/";
  const methods = routes.get(path);
  if (!methods) return sendText(response, 404, "404 page not found");
  const handler = Object.hasOwn(methods, request.method ?? "")
    ? methods[request.method ?? ""]
    : undefined;
  if (!handler) return sendText(response, 405, "405 method not allowed");
  await handler(request, response);
}

/** Before the first byte an error has a status of its own; after it, it is the last line of the stream. */
function fail(response: ServerResponse, error: unknown): void {
  if (response.destroyed) return;
  const status = statusOf(error);
  const body = {
    error:
      error instanceof QueueFullError
        ? "server busy, please try again.  maximum pending requests exceeded"
        : reasonOf(error),
  };
  if (response.headersSent) {
    response.end(`${JSON.stringify(body)}\n`);
    return;
  }
  // What is left of a refused body is not worth reading.
  if (!response.req.complete) response.setHeader("connection", "close");
  sendJson(response, status, body);
}

function statusOf(error: unknown): number {
  if (error instanceof RequestError) return error.status;
  return error instanceof QueueFullError ? 503 : 500;
}

async function answerCompletion(
  parts: ServerParts,
  endpoint: Endpoint,
  completion: Completion,
  response: ServerResponse,
): Promise<void> {
  const receivedAt = performance.now();
  const { model, messages, keepAlive } = completion;
  requireServed(parts.file, model);
  if (completion.thinks) throw new RequestError(400, `"${model}" does not support thinking`);
  if (messages.length === 0 && keepAlive?.kind === "for" && keepAlive.ms === 0) {
    parts.residency.expire();
    return sendJson(response, 200, residencyReply(endpoint, model, "unload"));
  }
  const lease = await parts.residency.acquire(keepAlive);
  try {
    if (messages.length === 0)
      return sendJson(response, 200, residencyReply(endpoint, model, "load"));
    const times = { receivedAt, loadedAt: performance.now() };
    const signal = AbortSignal.any([disconnectOf(response), parts.closing]);
    const generation = generationOf(completion, lease.resource);
    let whole = "";
    for await (const event of lease.resource.generate(generation, signal)) {
      if (event.type === "end") {
        const end = endReply(endpoint, model, whole, event.reason, event.usage, times);
        if (!completion.stream) return sendJson(response, 200, end);
        sendLine(response, end);
        response.end();
      } else if (completion.stream) {
        // Not waiting for a slow reader: it would hold a sequence, and a window of text is all it can pile up.
        sendLine(response, textReply(endpoint, model, event.text));
      } else {
        whole += event.text;
      }
    }
  } finally {
    lease.release();
  }
}

/** Aborted when the connection closes before the response is through. */
function disconnectOf(response: ServerResponse): AbortSignal {
  const controller = new AbortController();
  const abort = (): void => {
    if (!response.writableFinished) controller.abort();
  };
  if (response.destroyed) abort();
  else response.once("close", abort);
  return controller.signal;
}

async function answerPs(parts: ServerParts, response: ServerResponse): Promise<void> {
  const { status } = parts.residency;
  if (!status) return sendJson(response, 200, { models: [] });
  const expiresAt = Number.isFinite(status.expiresAtMs)
    ? new Date(status.expiresAtMs).toISOString()
    : FOREVER;
  const resident = {
    ...(await fileEntry(parts.file, parts.facts)),
    expires_at: expiresAt,
    size_vram: 0,
    context_length: parts.contextTokens,
  };
  sendJson(response, 200, { models: [resident] });
}

async function listEntry(file: ModelFile, facts: ModelFacts): Promise<object> {
  return { ...(await fileEntry(file, facts)), modified_at: file.modifiedAt.toISOString() };
}

async function fileEntry(file: ModelFile, facts: ModelFacts): Promise<object> {
  return {
    name: file.name,
    model: file.name,
    size: file.sizeBytes,
    digest: await file.digest(),
    details: facts.details,
  };
}

function requireServed(file: ModelFile, requested: string): void {
  if (!sameModel(requested, file.name))
    throw new RequestError(404, `model '${requested}' not found`);
}
