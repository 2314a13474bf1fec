import { EXIT_CODES } from "./exit-codes.ts";

/**
 * Closes and ends this process on SIGINT, on SIGTERM, and when the IPC channel to the parent
 * breaks: a parent that was killed with -9 can tell its children in no other way.
 */
export function endWithParent(close: () => Promise<void>): void {
  let ending = false;
  const end = (): void => {
    if (ending) return;
    ending = true;
    close().then(
      () => process.exit(EXIT_CODES.ok),
      () => process.exit(EXIT_CODES.crash),
    );
  };
  process.on("SIGINT", end);
  process.on("SIGTERM", end);
  if (process.connected) process.on("disconnect", end);
}
