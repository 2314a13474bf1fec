import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";

const ROOT = join(import.meta.dirname, "..", "..");
const START = join(ROOT, "sample-game", "src", "start.ts");
const BOOTSTRAP = join(ROOT, "tools", "bootstrap.mjs");
const POLL_MS = 50;
/** Seconds are enough; a machine that runs other tests beside may take many times as long. */
const ON_A_BUSY_MACHINE_MS = 50_000;

/** No Ollama listens on the discard port: the embedded one serves, whatever this machine runs. */
const NO_OLLAMA = { OLLAMA_HOST: "127.0.0.1:9" } as const;

export interface Process {
  readonly pid: number;
  readonly command: string;
}

/** `npm start`, or what it runs, in a process group of its own. */
export class TavernProcess {
  readonly child: ChildProcess;
  readonly exit: Promise<{ readonly code: number | null; readonly signal: string | null }>;
  #output = "";

  constructor(args: readonly string[], { throughBootstrap = false } = {}) {
    const command = throughBootstrap
      ? [BOOTSTRAP, "start"]
      : ["--conditions=@banterwire/source", START];
    this.child = spawn(process.execPath, [...command, ...args], {
      env: { ...process.env, ...NO_OLLAMA },
      stdio: ["ignore", "pipe", "pipe", "ipc"],
      detached: true,
    });
    for (const stream of [this.child.stdout, this.child.stderr]) {
      stream?.setEncoding("utf8").on("data", (text: string) => (this.#output += text));
    }
    this.exit = once(this.child, "exit").then(([code, signal]) => ({ code, signal }));
  }

  get pid(): number {
    return this.child.pid ?? 0;
  }

  /** All that it has printed. */
  get output(): string {
    return this.#output;
  }

  /** Resolves when it has printed `text` more often than `times`. */
  async printed(text: string, times = 0): Promise<void> {
    await until(
      () => this.#output.split(text).length - 1 > times,
      () => `"${text}" was not printed, but:\n${this.#output}`,
    );
  }

  /** Itself and all that it started, and what those started. */
  tree(): Process[] {
    const all = processes();
    const found = new Map<number, Process>();
    const add = (pid: number): void => {
      for (const process of all) {
        if (process.pid === pid) found.set(pid, process);
        else if (process.parent === pid) add(process.pid);
      }
    };
    add(this.pid);
    return [...found.values()];
  }

  signalGroup(signal: NodeJS.Signals): void {
    process.kill(-this.pid, signal);
  }
}

/** Resolves when none of them runs any more. */
export async function gone(tree: readonly Process[]): Promise<void> {
  const left = (): Process[] => {
    const alive = new Set(processes().map(({ pid }) => pid));
    return tree.filter(({ pid }) => alive.has(pid));
  };
  await until(
    () => left().length === 0,
    () => `still running: ${JSON.stringify(left())}`,
  );
}

/** Ends whatever a failed test left. */
export function endAll(tree: readonly Process[]): void {
  for (const { pid } of tree) {
    try {
      process.kill(pid, "SIGKILL");
    } catch {
      // Gone already, as it should be.
    }
  }
}

export async function until(
  holds: () => boolean | Promise<boolean>,
  complaint: () => string,
  withinMs = ON_A_BUSY_MACHINE_MS,
): Promise<void> {
  const endMs = performance.now() + withinMs;
  while (!(await holds())) {
    if (performance.now() > endMs) throw new Error(complaint());
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

/** Those that run; a process that has ended and waits for its parent to notice does not. */
function processes(): (Process & { readonly parent: number })[] {
  const table = execFileSync("ps", ["-A", "-ww", "-o", "pid=,ppid=,stat=,args="], {
    encoding: "utf8",
  });
  return table.split("\n").flatMap((row) => {
    const [, pid, parent, state = "", command = ""] =
      /^\s*(\d+)\s+(\d+)\s+(\S+)\s+(.*)$/u.exec(row) ?? [];
    if (pid === undefined || state.startsWith("Z")) return [];
    return [{ pid: Number(pid), parent: Number(parent), command }];
  });
}
