import { type ChildProcess, spawn } from "node:child_process";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import type { Clock } from "@banterwire/protocol";
import { EMBEDDED_SEQUENCES } from "./config.ts";
import type { Log } from "./log.ts";
import { TroubleError } from "./upstream/trouble.ts";

const FIRST_LINE = /listening on (http:\/\/\S+)/u;
const STOP_TIMEOUT_MS = 2_000;
const MAX_LAST_WORDS = 400;

/**
 * The embedded Ollama, as a child process that this one starts when it is asked where it is, and
 * starts again when it is asked after the child has died. The child ends when this process does,
 * however that ends: it watches the channel between them.
 */
export class EmbeddedOllama {
  readonly #log: Log;
  readonly #clock: Clock;
  #running: { readonly child: ChildProcess; readonly origin: Promise<string> } | undefined;
  #stopped: Promise<void> = Promise.resolve();

  constructor(log: Log, clock: Clock) {
    this.#log = log;
    this.#clock = clock;
  }

  /** Resolves with the origin of the running child; rejects with a TroubleError. */
  locate(): Promise<string> {
    this.#running ??= this.#start();
    return this.#running.origin;
  }

  /** Resolves when the child is gone, however often it is asked. */
  stop(): Promise<void> {
    const child = this.#running?.child;
    this.#running = undefined;
    if (child) this.#stopped = this.#end(child);
    return this.#stopped;
  }

  async #end(child: ChildProcess): Promise<void> {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const gone = new Promise<void>((resolve) => child.once("exit", () => resolve()));
    const cancel = this.#clock.schedule(STOP_TIMEOUT_MS, () => child.kill("SIGKILL"));
    child.kill("SIGTERM");
    await gone;
    cancel();
  }

  #start(): { child: ChildProcess; origin: Promise<string> } {
    const flags = ["--port", "0", "--sequences", String(EMBEDDED_SEQUENCES)];
    const child = spawn(process.execPath, [commandPath(), ...flags], {
      stdio: ["ignore", "pipe", "pipe", "ipc"],
    });
    const { promise: origin, resolve, reject } = Promise.withResolvers<string>();
    // Asked for or not, a child that fails to start must not end this process.
    origin.catch(() => {});
    let lastWords = "";
    child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      lastWords = (lastWords + text).slice(-MAX_LAST_WORDS);
    });
    if (child.stdout) {
      createInterface(child.stdout).on("line", (line) => {
        const found = FIRST_LINE.exec(line)?.[1];
        if (found) resolve(found);
      });
    }
    const ended = (why: string): void => {
      if (this.#running?.child === child) {
        this.#running = undefined;
        this.#log.warn({ why, lastWords: lastWords.trim() }, "the embedded model has stopped");
      }
      reject(
        new TroubleError({
          code: "embedded_down",
          message: `The embedded model stopped: ${lastWords.trim() || why}.`,
          remedy: "It is started again by itself. If it stays down, install Ollama and use that.",
        }),
      );
    };
    child.once("error", (error) => ended(error.message));
    child.once("exit", (code, signal) => ended(signal ?? `exit code ${code}`));
    return { child, origin };
  }
}

function commandPath(): string {
  try {
    const packageJson = createRequire(import.meta.url).resolve(
      "@banterwire/embedded-ollama/package.json",
    );
    return join(dirname(packageJson), "bin", "embedded-ollama.js");
  } catch {
    throw new TroubleError({
      code: "embedded_missing",
      message: "No Ollama answers, and the embedded model is not installed.",
      remedy: "Start Ollama (`ollama serve`), or `npm install @banterwire/embedded-ollama`.",
    });
  }
}
