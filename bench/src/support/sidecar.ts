import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { cpSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

export interface LoopLateness {
  readonly p99Ms: number;
  readonly maxMs: number;
}

/** A real sidecar, started by its command. */
export interface SidecarProcess {
  readonly url: string;
  readonly pid: number;
  /** From the start of the process until it says that it listens, milliseconds. */
  readonly listeningMs: number;
  /** Its `/status`. */
  status(): Promise<unknown>;
  /** Its heap after a collection, bytes; for one that was started with a probe. */
  heapBytes(): Promise<number>;
  /** How late its loop was since the last call; for one that was started with a probe. */
  loopLateness(): Promise<LoopLateness>;
  /** SIGTERM, so that profiles and farewells are written; resolves when it is gone. */
  stop(): Promise<void>;
}

export interface SidecarOptions {
  /** The Ollama to use; the embedded model where it is left out. */
  readonly origin?: string;
  readonly slots: number;
  /** What runs; what is published unless told otherwise. */
  readonly command?: readonly string[];
  /** Loads a module into it that tells its heap and its loop's lateness. */
  readonly probe?: boolean;
  /** What its environment has beside the path. */
  readonly env?: Readonly<Record<string, string>>;
}

/**
 * Bounds out of the way: after a machine was elsewhere for a second, what was due meanwhile comes at
 * once, and is no flood.
 */
export const UNBOUNDED = {
  BANTERWIRE_MAX_LINES: "65536",
  BANTERWIRE_MAX_LINES_PER_ROOM: "1024",
  BANTERWIRE_MAX_CUES_PER_SECOND_PER_GAME: "100000",
  BANTERWIRE_MAX_CUES_PER_SECOND_PER_ROOM: "10000",
} as const;

const PROBE = join(import.meta.dirname, "heap-probe.ts");
/** Where no Ollama is. */
const NOWHERE = "http://127.0.0.1:1";
const START_LIMIT_MS = 15_000;
const POLL_MS = 20;
const LISTENING = /ws:\/\/127\.0\.0\.1:(\d+)/u;

const packagePath = createRequire(import.meta.url).resolve("@banterwire/sidecar/package.json");
const folder = dirname(packagePath);
/** The command in a checkout: it strips the types of the sources as it starts. */
export const CHECKOUT_COMMAND = [join(folder, "bin", "banterwire.js")];
const PUBLISHED = ["bin", "dist", "package.json"];
const installed = join(
  dirname(folder),
  "node_modules/.cache/banterwire-bench/node_modules/@banterwire/sidecar",
);
/** What is published, as it lies when it is installed; `buildSidecar` puts it there. */
export const BUILT_COMMAND = [join(installed, "bin", "banterwire.js")];

/** @throws if the sidecar's types are not sound: what was built before may be of another time */
export function buildSidecar(): void {
  for (const [command, ...args] of [
    ["npx", "tsc", "--build", folder],
    ["npm", "run", "bundle", "--silent"],
  ] as const) {
    const { status, stdout, stderr } = spawnSync(command, args, { cwd: folder, encoding: "utf8" });
    if (status !== 0) throw new Error(`the sidecar cannot be built: ${stdout}${stderr}`);
  }
  rmSync(installed, { recursive: true, force: true });
  for (const part of PUBLISHED) {
    cpSync(join(folder, part), join(installed, part), { recursive: true });
  }
}

/** Starts one and waits until it listens. */
export async function spawnSidecar(options: SidecarOptions): Promise<SidecarProcess> {
  const { origin, slots, probe = false, command = BUILT_COMMAND, env } = options;
  const before = probe ? ["--expose-gc", "--import", PROBE] : [];
  const flags = ["--port", "0", "--slots", String(slots)];
  if (origin !== undefined) flags.push("--ollama", origin);
  const startedMs = performance.now();
  const child = spawn(process.execPath, [...before, ...command, "serve", ...flags], {
    stdio: ["ignore", "pipe", "inherit", ...(probe ? ["ipc" as const] : [])],
    env: { PATH: process.env["PATH"], OLLAMA_HOST: NOWHERE, ...env },
  });
  try {
    const port = await portOf(child);
    const listeningMs = performance.now() - startedMs;
    child.stdout?.resume();
    const web = `http://127.0.0.1:${port}`;
    return {
      url: `ws://127.0.0.1:${port}`,
      pid: child.pid ?? 0,
      listeningMs,
      heapBytes: () => probed<number>(child, "heap"),
      loopLateness: () => probed<LoopLateness>(child, "loop"),
      status: async () => (await fetch(`${web}/status`)).json(),
      stop: () => stopped(child),
    };
  } catch (error) {
    await stopped(child);
    throw error;
  }
}

/** Starts one and waits until its model is warm. */
export async function startWarmSidecar(options: SidecarOptions): Promise<SidecarProcess> {
  const sidecar = await spawnSidecar(options);
  const limitMs = performance.now() + START_LIMIT_MS;
  while (!JSON.stringify(await sidecar.status()).includes('"state":"warm"')) {
    if (performance.now() > limitMs) {
      await sidecar.stop();
      throw new Error("the sidecar did not get warm");
    }
    await sleep(POLL_MS);
  }
  return sidecar;
}

function portOf(child: ChildProcess): Promise<number> {
  return new Promise((resolve, reject) => {
    let said = "";
    child.on("error", reject);
    child.once("exit", (code) => reject(new Error(`the sidecar ended with ${code}: ${said}`)));
    child.stdout?.on("data", (text) => {
      said = (said + String(text)).slice(-4_096);
      const port = LISTENING.exec(said)?.[1];
      if (port !== undefined) resolve(Number(port));
    });
  });
}

async function probed<T>(child: ChildProcess, question: "heap" | "loop"): Promise<T> {
  child.send(question);
  const [answer] = (await once(child, "message")) as [T];
  return answer;
}

async function stopped(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, "exit");
  child.kill("SIGTERM");
  await gone;
}
