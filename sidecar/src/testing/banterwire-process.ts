import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";

const COMMAND = join(import.meta.dirname, "..", "..", "bin", "banterwire.js");

/** One line of the log. */
export type LogEntry = Readonly<Record<string, unknown>> & { readonly msg?: string };

/** The command in a process of its own, told nothing by the environment of whoever runs it. */
export class BanterwireProcess {
  readonly child: ChildProcess;
  readonly log: LogEntry[] = [];
  readonly #ended: Promise<unknown>;
  readonly #listeners = new Set<() => void>();
  stdout = "";
  stderr = "";

  constructor(args: readonly string[], env: Readonly<Record<string, string>> = {}, cwd?: string) {
    this.child = spawn(process.execPath, [COMMAND, ...args], {
      stdio: ["ignore", "pipe", "pipe"],
      env: { PATH: process.env["PATH"], ...env },
      cwd,
    });
    this.#ended = once(this.child, "close").finally(() => this.#wake());
    this.child.stderr?.setEncoding("utf8").on("data", (text: string) => (this.stderr += text));
    if (this.child.stdout) {
      createInterface(this.child.stdout).on("line", (line) => this.#read(line));
    }
  }

  /** A sidecar on a free port. */
  static serve(args: readonly string[], env?: Readonly<Record<string, string>>): BanterwireProcess {
    return new BanterwireProcess(["serve", "--port", "0", ...args], env);
  }

  /** The exit code, when it has ended by itself; null after a signal. */
  async exitCode(): Promise<number | null> {
    await this.#ended;
    return this.child.exitCode;
  }

  async stop(signal: "SIGTERM" | "SIGKILL" = "SIGTERM"): Promise<void> {
    if (this.child.exitCode === null && this.child.signalCode === null) this.child.kill(signal);
    await this.#ended;
  }

  /** Resolves with the nth entry whose message begins so, past or to come. */
  async logged(message: string, nth = 1): Promise<LogEntry> {
    for (;;) {
      const found = this.log.filter(({ msg }) => msg?.startsWith(message))[nth - 1];
      if (found) return found;
      if (this.child.exitCode !== null) throw new Error(`it ended: ${this.stderr}`);
      await new Promise<void>((resolve) => this.#listeners.add(resolve));
    }
  }

  /** Where a client connects to. */
  async url(): Promise<string> {
    return String((await this.logged("listening"))["url"]);
  }

  #read(line: string): void {
    this.stdout += `${line}\n`;
    if (line.startsWith('{"level"')) this.log.push(JSON.parse(line) as LogEntry);
    this.#wake();
  }

  #wake(): void {
    for (const wake of this.#listeners) wake();
    this.#listeners.clear();
  }
}
