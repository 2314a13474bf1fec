import { createRequire } from "node:module";
import { type Logger, pino } from "pino";
import type { PinoPretty } from "pino-pretty";

export type Log = Logger;

/** JSON lines on standard output; readable ones in a terminal. */
export function createLog(level: string, out: NodeJS.WriteStream = process.stdout): Log {
  const options = { name: "banterwire", level };
  if (!out.isTTY) return pino(options, out);
  // Loaded for a terminal only: a server's log has no use for it.
  const pretty = createRequire(import.meta.url)("pino-pretty") as typeof PinoPretty;
  return pino(options, pretty({ destination: out, ignore: "pid,hostname,name" }));
}
