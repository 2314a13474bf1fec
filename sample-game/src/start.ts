/**
 * `npm start`: runs the sidecar and the game server, starts either again when it dies, says what
 * serves, and takes everything along when it ends. It ends with 0 when it was told to stop.
 */
import { randomBytes } from "node:crypto";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { EXIT_CODES } from "./exit-codes.ts";
import { askSidecar } from "./sidecar-status.ts";
import { freePort } from "./start/free-port.ts";
import { type ChildEnd, Keeper } from "./start/keeper.ts";
import { news, NOTHING_TOLD, type Told, warning } from "./start/news.ts";
import { startNode } from "./start/node-child.ts";
import { parseOptions, type StartOptions } from "./start/options.ts";

const POLL_UNTIL_WARM_MS = 100;
const POLL_MS = 1_000;
/** Signals of one Ctrl-C may come twice, by the terminal and by npm; a later one is impatience. */
const SAME_SIGNAL_MS = 1_000;
const SOURCE_CONDITION = "--conditions=@banterwire/source";
const MAX_TAIL_SHOWN = 12;

const clock = {
  nowMs: () => performance.now(),
  schedule: (delayMs: number, callback: () => void) => {
    const timer = globalThis.setTimeout(callback, delayMs);
    return () => clearTimeout(timer);
  },
};

class Supervisor {
  readonly #options: StartOptions;
  readonly #sidecarPort: number;
  readonly #token = randomBytes(24).toString("base64url");
  readonly #keepers: readonly Keeper[];
  readonly #stopping = new AbortController();
  #stoppedMs = 0;
  #isListening = false;
  #told: Told = NOTHING_TOLD;

  constructor(options: StartOptions, sidecarPort: number) {
    this.#options = options;
    this.#sidecarPort = sidecarPort;
    this.#keepers = [
      this.#keep("sidecar", this.#sidecarArgs(), { BANTERWIRE_TOKEN: this.#token }),
      this.#keep("game server", [SOURCE_CONDITION, besideUs("main.ts")], {
        BANTERWIRE_URL: `ws://127.0.0.1:${sidecarPort}`,
        BANTERWIRE_TOKEN: this.#token,
        PORT: String(options.port),
      }),
    ];
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
      process.on(signal, () => this.#signalled());
    }
    if (process.connected) process.on("disconnect", () => void this.#stop(EXIT_CODES.ok));
  }

  /** Tells the news until it is told to stop. */
  async watch(): Promise<void> {
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      const status = await askSidecar(`http://127.0.0.1:${this.#sidecarPort}`, signal);
      if (signal.aborted) return;
      const page = this.#isListening ? `http://localhost:${this.#options.port}` : undefined;
      const { lines, told } = news(this.#told, { page, status, upMs: performance.now() });
      this.#told = told;
      say(lines);
      const delayMs = told.isWarm && told.page ? POLL_MS : POLL_UNTIL_WARM_MS;
      await setTimeout(delayMs, undefined, { signal }).catch(() => {});
    }
  }

  #sidecarArgs(): string[] {
    const { model, ollama, budgetMs } = this.#options;
    return [
      sidecarCommand(),
      "serve",
      "--port",
      String(this.#sidecarPort),
      ...(model === undefined ? [] : ["--model", model]),
      ...(ollama === undefined ? [] : ["--ollama", ollama]),
      ...(budgetMs === undefined ? [] : ["--budget-ms", String(budgetMs)]),
    ];
  }

  #keep(name: string, args: readonly string[], env: Readonly<Record<string, string>>): Keeper {
    return new Keeper({
      start: () =>
        startNode({
          args,
          env,
          onOutput: (text) => {
            if (this.#options.verbose) process.stderr.write(text);
          },
          onMessage: (message) => {
            if (isListening(message)) this.#isListening = true;
          },
        }),
      hopelessCodes: [EXIT_CODES.usage, EXIT_CODES.portBusy],
      clock,
      restarting: (end, delayMs) => {
        say(warning(`The ${name} ended (${wayOf(end)}); it starts again in ${delayMs} ms.`));
        if (end.signal === null && !this.#options.verbose) say(lastWords(end));
      },
      gaveUp: (end) => {
        say(["", ...lastWords(end), ""]);
        void this.#stop(end.code ?? EXIT_CODES.crash);
      },
    });
  }

  #signalled(): void {
    if (!this.#stopping.signal.aborted) {
      // Whoever started us need not repeat the signal.
      if (process.connected) process.send?.("stopping");
      say(["", "  Closing the tavern."]);
      void this.#stop(EXIT_CODES.ok);
    } else if (performance.now() - this.#stoppedMs > SAME_SIGNAL_MS) {
      for (const keeper of this.#keepers) keeper.kill();
      process.exit(EXIT_CODES.crash);
    }
  }

  async #stop(exitCode: number): Promise<void> {
    if (this.#stopping.signal.aborted) return;
    this.#stoppedMs = performance.now();
    this.#stopping.abort();
    await Promise.all(this.#keepers.map((keeper) => keeper.stop()));
    process.exit(exitCode);
  }
}

function sidecarCommand(): string {
  const manifest = createRequire(import.meta.url).resolve("@banterwire/sidecar/package.json");
  return join(dirname(manifest), "bin", "banterwire.js");
}

function besideUs(file: string): string {
  return fileURLToPath(new URL(file, import.meta.url));
}

function isListening(message: unknown): boolean {
  return typeof message === "object" && message !== null && "listening" in message;
}

function wayOf({ code, signal }: ChildEnd): string {
  return signal === null ? `exit code ${code}` : signal;
}

function lastWords({ tail }: ChildEnd): string[] {
  return tail.slice(-MAX_TAIL_SHOWN).map((line) => `    ${line}`);
}

function say(lines: readonly string[]): void {
  if (lines.length > 0) process.stdout.write(`${lines.join("\n")}\n`);
}

// A terminal that is gone must not keep us from stopping our children.
process.stdout.on("error", () => {});
const options = parseOptions(process.argv.slice(2), process.env);
say(["", "Last Orders: opening the tavern"]);
await new Supervisor(options, await freePort()).watch();
