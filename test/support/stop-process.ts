import { execFileSync } from "node:child_process";
import { vi } from "vitest";
import { PATIENCE } from "./patience.ts";

/** Holds a process still, as it is; resolves when it does nothing any more. */
export async function stopProcess(pid: number | undefined): Promise<void> {
  if (pid === undefined) throw new Error("the process has not started");
  process.kill(pid, "SIGSTOP");
  const state = (): string =>
    execFileSync("ps", ["-o", "stat=", "-p", String(pid)], { encoding: "utf8" });
  await vi.waitUntil(() => state().startsWith("T"), PATIENCE);
}
