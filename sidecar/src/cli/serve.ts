import { isatty } from "node:tty";
import { createLog, type Log } from "../log.ts";
import { startSidecar } from "../server.ts";
import { EXIT_CODES } from "../start-error.ts";
import type { Flags } from "./flags.ts";
import { loadConfig } from "./load.ts";
import { Reloader } from "./reloader.ts";
import { governHeapGrowth } from "./heap-growth.ts";

/** Runs a sidecar until a signal, or the end of the process that started it. */
export async function serve(flags: Flags): Promise<void> {
  const load = () => loadConfig({ flags, environment: process.env, folder: process.cwd() });
  const initial = await load();
  const log = createLog(initial.config.logLevel);
  for (const warning of initial.warnings) log.warn(warning);
  let reloader: Reloader | undefined;
  const toldToStop = untilToldToStop(log, () => reloader?.ask());
  const sidecar = await startSidecar(initial.config, log);
  governHeapGrowth();
  reloader = new Reloader({ load, initial, sidecar, log });
  await toldToStop;
  await reloader.close();
  await sidecar.close();
  log.flush();
  process.exit(EXIT_CODES.ok);
}

/** Resolves at the first signal, or when the parent process is gone; a second signal is final. */
function untilToldToStop(log: Log, reload: () => void): Promise<void> {
  return new Promise((resolve) => {
    let told = false;
    const stop = (why: string): void => {
      if (!told) log.info({ why }, "stopping");
      told = true;
      resolve();
    };
    let signalled = false;
    for (const signal of ["SIGINT", "SIGTERM"] as const) {
      process.on(signal, () => {
        if (signalled) process.exit(EXIT_CODES.crash);
        signalled = true;
        stop(signal);
      });
    }
    process.on("SIGHUP", () => {
      if (hasLostTerminal()) stop("the terminal is gone");
      else if (!told) reload();
    });
    const orphaned = (): void => stop("the parent process is gone");
    if (process.connected) process.on("disconnect", orphaned);
    else if (process.send) orphaned();
  });
}

/** The system says so with the signal by which an operator asks for a reload. */
function hasLostTerminal(): boolean {
  return process.stdout.isTTY && !isatty(process.stdout.fd);
}
