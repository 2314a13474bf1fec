import { type ChildProcess, spawn } from "node:child_process";
import type { Child, ChildEnd } from "./keeper.ts";
import { LogTail } from "./log-tail.ts";

export interface NodeChildOptions {
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** Told what the child writes, as it writes it. */
  readonly onOutput: (text: string) => void;
  /** Told what the child sends over its IPC channel. */
  readonly onMessage: (message: unknown) => void;
}

/**
 * Starts a Node process with an IPC channel, whose end tells it that we are gone. It leads a
 * process group of its own: a Ctrl-C in the terminal then reaches us alone, and it is told to stop
 * by us, once.
 */
export function startNode(options: NodeChildOptions): Child {
  const child = spawn(process.execPath, options.args, {
    env: { ...process.env, ...options.env },
    stdio: ["ignore", "pipe", "pipe", "ipc"],
    detached: process.platform !== "win32",
    windowsHide: true,
  });
  const tail = new LogTail();
  for (const output of [child.stdout, child.stderr]) {
    output?.setEncoding("utf8").on("data", (text: string) => {
      tail.add(text);
      options.onOutput(text);
    });
    output?.on("error", (error) => tail.add(`${error.message}\n`));
  }
  child.on("message", options.onMessage);
  return { ended: ending(child, tail), kill: (signal) => child.kill(signal) };
}

function ending(child: ChildProcess, tail: LogTail): Promise<ChildEnd> {
  return new Promise((resolve) => {
    child.on("error", (error) => {
      tail.add(`${error.message}\n`);
      // A child that runs tells its end itself; one that never started cannot.
      if (child.pid === undefined) resolve({ code: 1, signal: null, tail: tail.lines });
    });
    child.on("exit", (code, signal) => {
      // Its last words may still be in the pipe.
      setImmediate(() => resolve({ code, signal, tail: tail.lines }));
    });
  });
}
