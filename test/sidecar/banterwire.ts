import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import type { SidecarStatus } from "@banterwire/sidecar";
import { vi } from "vitest";

export const COMMAND = join(
  dirname(createRequire(import.meta.url).resolve("@banterwire/sidecar/package.json")),
  "bin",
  "banterwire.js",
);
const LISTENING = /"url":"ws:\/\/([\d.]+:\d+)"/u;

/** Nobody listens there. */
export const SILENT_HOST = "127.0.0.1:1";

/** Processes start slowly on a machine that is busy with other tests. */
const SOON_MS = 40_000;

/** The command, running. */
export interface Banterwire {
  readonly child: ChildProcess;
  /** What it has written to standard output and to standard error. */
  readonly output: { out: string; err: string };
  /** Resolves with `http://host:port` once it says where it listens. */
  readonly origin: Promise<string>;
  /** Resolves with the exit code, or the signal that ended it. */
  readonly ended: Promise<number | string>;
}

/** Runs `banterwire` with nothing of this environment that could name an Ollama or a token. */
export function banterwire(
  args: readonly string[],
  options: { readonly env?: Record<string, string>; readonly ipc?: boolean } = {},
): Banterwire {
  const { env = {}, ipc = false } = options;
  const child = spawn(process.execPath, [COMMAND, ...args], {
    env: { PATH: process.env["PATH"], OLLAMA_HOST: SILENT_HOST, ...env },
    stdio: ["ignore", "pipe", "pipe", ...(ipc ? ["ipc" as const] : [])],
  });
  const output = { out: "", err: "" };
  const { promise: origin, resolve, reject } = Promise.withResolvers<string>();
  origin.catch(() => {});
  child.stdout?.setEncoding("utf8").on("data", (text: string) => {
    output.out += text;
    const found = LISTENING.exec(output.out)?.[1];
    if (found) resolve(`http://${found}`);
  });
  child.stderr?.setEncoding("utf8").on("data", (text: string) => (output.err += text));
  // Node tells of no close where the channel was closed from this end.
  const ended = once(child, ipc ? "exit" : "close").then(
    ([code, signal]) => (code ?? signal) as number | string,
  );
  void ended.then(() => reject(new Error(`it ended: ${output.out}${output.err}`)));
  return { child, output, origin, ended };
}

export async function statusOf(origin: string): Promise<SidecarStatus> {
  return (await (await fetch(`${origin}/status`)).json()) as SidecarStatus;
}

/** Resolves when its model is warm. */
export function warm(origin: string): Promise<SidecarStatus> {
  return soon(async () => {
    const status = await statusOf(origin);
    if (status.endpoints[0].state !== "warm") throw new Error(JSON.stringify(status.endpoints[0]));
    return status;
  });
}

/** Resolves when it stops throwing. */
export function soon<T>(attempt: () => T | Promise<T>): Promise<T> {
  return vi.waitFor(attempt, { timeout: SOON_MS, interval: 20 });
}

/** The processes that a process has started. */
export function childrenOf(pid: number | undefined): number[] {
  const table = execFileSync("ps", ["-A", "-o", "pid=,ppid="], { encoding: "utf8" });
  return table
    .split("\n")
    .map((row) => row.trim().split(/\s+/u).map(Number))
    .filter(([child = 0, parent]) => parent === pid && isAlive(child))
    .map(([child = 0]) => child);
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
