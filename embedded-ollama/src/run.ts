import { once } from "node:events";
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { Llama } from "node-llama-cpp";
import { isLoopback } from "./http-io.ts";
import { loadLlama } from "./llama.ts";
import { LoadedModel, type ModelOptions } from "./loaded-model.ts";
import { modelFactsOf } from "./model-facts.ts";
import { type ModelFile, openModelFile } from "./model-file.ts";
import { type Clock, Residency } from "./residency.ts";
import { createOllamaServer } from "./server.ts";
import { reasonOf, StartupError } from "./startup-error.ts";

export interface RunOptions {
  readonly host: string;
  readonly port: number;
  readonly model: string;
  readonly sequences: number;
  /** Tokens of one sequence. */
  readonly contextSize: number;
  readonly threads: number;
  readonly version: string;
}

/** At about 30 ms for a line, 16 at a time, the last of them waits a quarter of a second. */
const MAX_WAITING = 128;
/** A batch that is being evaluated cannot be stopped; one of the shipped model takes milliseconds. */
const SHUTDOWN_LIMIT_MS = 3_000;

const realClock: Clock = {
  nowMs: () => Date.now(),
  after: (ms, task) => {
    const timer = setTimeout(task, ms).unref();
    return () => clearTimeout(timer);
  },
};

/** Resolves when the server answers requests; throws `StartupError`. The process ends by signal or with its parent. */
export async function start(options: RunOptions): Promise<void> {
  const file = await openModelFile(options.model);
  const llama = await loadLlama();
  const modelOptions: ModelOptions = {
    sequences: options.sequences,
    contextTokens: options.contextSize,
    threads: options.threads,
    maxWaiting: MAX_WAITING,
  };
  const residency = new Residency<LoadedModel>(
    {
      load: () => LoadedModel.load(llama, file.path, modelOptions),
      unload: (model) => model.dispose().catch(reportUnloadFailure),
    },
    realClock,
    { kind: "forever" },
  );
  const closing = new AbortController();
  const { facts, contextTokens } = await firstLoad(file, residency);
  const server = createOllamaServer({
    file,
    facts,
    residency,
    contextTokens,
    version: `${options.version}-embedded`,
    localOnly: isLoopback(options.host),
    closing: closing.signal,
  });
  const port = await listen(server, options);
  endWithParentOrSignal(() => shutDown(server, closing, residency, llama));
  if (!isLoopback(options.host))
    process.stderr.write(
      `embedded-ollama: ${options.host} can be reached from other machines, and anyone who reaches it may use it: there is no authentication.\n`,
    );
  const host = options.host.includes(":") ? `[${options.host}]` : options.host;
  process.stdout.write(
    `embedded-ollama listening on http://${host}:${port} (model ${file.name})\n`,
  );
}

async function firstLoad(
  file: ModelFile,
  residency: Residency<LoadedModel>,
): Promise<{ facts: ReturnType<typeof modelFactsOf>; contextTokens: number }> {
  try {
    const lease = await residency.acquire();
    const { model, contextTokens } = lease.resource;
    const facts = modelFactsOf(model.fileInfo);
    lease.release();
    return { facts, contextTokens };
  } catch (error) {
    throw new StartupError(
      "model_unusable",
      `The model file ${file.path} cannot be served: ${reasonOf(error)}.`,
      "It must be a whole GGUF file with a ChatML template, and fit into memory: lower --sequences or --context-size, or copy the file again.",
      error,
    );
  }
}

async function listen(server: Server, { host, port }: RunOptions): Promise<number> {
  try {
    server.listen(port, host);
    await once(server, "listening");
    return (server.address() as AddressInfo).port;
  } catch (error) {
    const isBusy = (error as NodeJS.ErrnoException).code === "EADDRINUSE";
    throw new StartupError(
      "cannot_listen",
      isBusy
        ? `Port ${port} of ${host} is in use.`
        : `Cannot listen on ${host}:${port}: ${reasonOf(error)}.`,
      isBusy
        ? "Stop what uses it (is an Ollama running?), or choose another with --port; --port 0 picks a free one."
        : "Choose another address with --host or another port with --port.",
      error,
    );
  }
}

/** A parent that started us with an IPC channel owns us: its death closes the channel. */
function endWithParentOrSignal(shutDown: () => Promise<void>): void {
  let isEnding = false;
  const end = (): void => {
    if (isEnding) return;
    isEnding = true;
    setTimeout(() => process.exit(0), SHUTDOWN_LIMIT_MS).unref();
    void shutDown().then(
      () => process.exit(0),
      (error: unknown) => {
        process.stderr.write(`embedded-ollama: ${reasonOf(error)} while shutting down.\n`);
        process.exit(1);
      },
    );
  };
  process.once("SIGINT", end);
  process.once("SIGTERM", end);
  if (!process.send) return;
  process.once("disconnect", end);
  if (!process.connected) end();
}

async function shutDown(
  server: Server,
  closing: AbortController,
  residency: Residency<LoadedModel>,
  llama: Llama,
): Promise<void> {
  closing.abort(new Error("the server is shutting down"));
  server.close();
  server.closeAllConnections();
  await residency.close();
  // Left to the exit handlers, native threads still run while the process is torn down.
  await llama.dispose();
}

function reportUnloadFailure(error: unknown): void {
  process.stderr.write(`embedded-ollama: unloading the model failed: ${reasonOf(error)}.\n`);
}
