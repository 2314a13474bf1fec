import { DEFAULT_CONFIG, type SidecarConfig } from "../config.ts";
import { createLog, type Log } from "../log.ts";
import { type Sidecar, startSidecar } from "../server.ts";
import { EXIT_CODES, StartError } from "../start-error.ts";
import { parseOllamaHost } from "../config/ollama-host.ts";

export interface ServeFlags {
  readonly host: string;
  readonly port: number;
  readonly ollama?: string;
  readonly model?: string;
  readonly slots: number;
  readonly budgetMs: number;
  readonly logLevel: string;
}

const LOOPBACK = /^(127\.\d+\.\d+\.\d+|::1|localhost)$/u;

/** Runs a sidecar until a signal, or the end of the process that started it. */
export async function serve(flags: ServeFlags): Promise<void> {
  try {
    const config = configFrom(flags, process.env);
    const log = createLog(config.logLevel);
    const sidecar = await startSidecar(config, log);
    await untilToldToStop(log);
    await sidecarClosed(sidecar, log);
    process.exit(EXIT_CODES.ok);
  } catch (error) {
    fail(error);
  }
}

function configFrom(flags: ServeFlags, env: NodeJS.ProcessEnv): SidecarConfig {
  const token = env["BANTERWIRE_TOKEN"] || undefined;
  if (!LOOPBACK.test(flags.host) && token === undefined) {
    throw new StartError(
      "token_missing",
      EXIT_CODES.usage,
      `Listening on ${flags.host} without a token would let anybody on the network in.`,
      "Set BANTERWIRE_TOKEN, or listen on 127.0.0.1.",
    );
  }
  const ollamaHost = parseOllamaHost(env["OLLAMA_HOST"] ?? "");
  if (ollamaHost === undefined) {
    throw new StartError(
      "bad_ollama_host",
      EXIT_CODES.usage,
      `OLLAMA_HOST is '${env["OLLAMA_HOST"]}', which is no address.`,
      "Set it to something like 127.0.0.1:11434, or leave it out.",
    );
  }
  return {
    ...DEFAULT_CONFIG,
    host: flags.host,
    port: flags.port,
    token,
    ollama: flags.ollama,
    ollamaHost,
    model: flags.model,
    slots: flags.slots,
    ttftBudgetMs: flags.budgetMs,
    logLevel: flags.logLevel as SidecarConfig["logLevel"],
  };
}

/** Resolves at the first signal, or when the parent process is gone; a second signal is final. */
function untilToldToStop(log: Log): Promise<void> {
  return new Promise((resolve) => {
    let told = false;
    const stop = (why: string): void => {
      if (told) process.exit(EXIT_CODES.crash);
      told = true;
      log.info({ why }, "stopping");
      resolve();
    };
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
      process.on(signal, () => stop(signal));
    }
    if (process.send) process.on("disconnect", () => stop("the parent process is gone"));
  });
}

async function sidecarClosed(sidecar: Sidecar, log: Log): Promise<void> {
  await sidecar.close();
  log.flush();
}

function fail(error: unknown): never {
  if (error instanceof StartError) {
    process.stderr.write(`banterwire: ${error.message}\n${error.remedy}\n`);
    process.exit(error.exitCode);
  }
  process.stderr.write(`banterwire: ${error instanceof Error ? error.stack : String(error)}\n`);
  process.exit(EXIT_CODES.crash);
}
