import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { finished } from "node:stream/promises";

const packagePath = createRequire(import.meta.url).resolve(
  "@banterwire/embedded-ollama/package.json",
);
const { bin } = JSON.parse(readFileSync(packagePath, "utf8")) as {
  bin: Record<"embedded-ollama", string>;
};

/** The command as its package names it, the way that other programs find it. */
export const COMMAND = join(dirname(packagePath), bin["embedded-ollama"]);

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunningProcess {
  readonly child: ChildProcess;
  /** The first line of its output. */
  readonly firstLine: string;
  readonly url: string;
  readonly ended: Promise<Ended>;
}

export function run(args: readonly string[], withChannel = false): ChildProcess {
  return spawn(process.execPath, [COMMAND, ...args], {
    stdio: withChannel ? ["ignore", "pipe", "pipe", "ipc"] : ["ignore", "pipe", "pipe"],
  });
}

export async function ending(child: ChildProcess): Promise<Ended> {
  let stdout = "";
  let stderr = "";
  child.stdout?.on("data", (data: Buffer) => (stdout += data.toString()));
  child.stderr?.on("data", (data: Buffer) => (stderr += data.toString()));
  // Not "close": it never comes once the parent has closed the channel itself.
  const outputs = [child.stdout, child.stderr].flatMap((output) =>
    output ? [finished(output)] : [],
  );
  const [code, signal] = (await once(child, "exit")) as [number | null, NodeJS.Signals | null];
  await Promise.all(outputs);
  return { code, signal, stdout, stderr };
}

/** Resolves when it listens, rejects with what it said when it ends instead. */
export async function start(
  args: readonly string[] = [],
  withChannel = false,
): Promise<RunningProcess> {
  const child = run(["--port", "0", ...args], withChannel);
  const ended = ending(child);
  const firstLine = await new Promise<string>((resolve, reject) => {
    child.stdout?.once("data", (data: Buffer) => resolve(data.toString().split("\n", 1)[0] ?? ""));
    ended.then(({ stderr }) => reject(new Error(`it ended: ${stderr}`)), reject);
  });
  return { child, firstLine, url: /http:\/\/\S+/.exec(firstLine)?.[0] ?? "", ended };
}

export async function stop({ child, ended }: RunningProcess): Promise<Ended> {
  child.kill("SIGTERM");
  return ended;
}
