import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createRequire } from "node:module";
import { createServer, type AddressInfo } from "node:net";
import { dirname, join } from "node:path";
import type { SidecarStatus } from "@banterwire/sidecar";

const COMMAND = join(
  dirname(createRequire(import.meta.url).resolve("@banterwire/sidecar/package.json")),
  "bin",
  "banterwire.js",
);
const WARM_WITHIN_MS = 60_000;
const POLL_MS = 20;

/** A sidecar in a process of its own. */
export interface SidecarProcess {
  readonly child: ChildProcess;
  status(): Promise<SidecarStatus>;
  /** Resolves when the model is warm. */
  warm(): Promise<SidecarStatus>;
  /** Ends it; with SIGKILL at once and with no good-bye. */
  stop(signal?: "SIGTERM" | "SIGKILL"): Promise<void>;
}

export function startSidecarProcess(port: number, flags: readonly string[] = []): SidecarProcess {
  const child = spawn(
    process.execPath,
    [COMMAND, "serve", "--port", String(port), "--log-level", "warn", ...flags],
    { stdio: ["ignore", "ignore", "inherit", "ipc"] },
  );
  const exited = once(child, "exit");
  const status = async (): Promise<SidecarStatus> => {
    const response = await fetch(`http://127.0.0.1:${port}/status`);
    return (await response.json()) as SidecarStatus;
  };
  return {
    child,
    status,
    async warm() {
      const untilMs = performance.now() + WARM_WITHIN_MS;
      for (;;) {
        const told = await status().catch(() => undefined);
        if (told?.endpoints[0].state === "warm") return told;
        if (child.exitCode !== null) throw new Error(`the sidecar ended: ${child.exitCode}`);
        if (performance.now() > untilMs) throw new Error(`not warm: ${JSON.stringify(told)}`);
        await new Promise((resolve) => setTimeout(resolve, POLL_MS));
      }
    },
    async stop(signal = "SIGTERM") {
      child.kill(signal);
      await exited;
    },
  };
}

/** A loopback port that was free a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}
