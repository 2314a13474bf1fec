import { type Logger, pino } from "pino";
import { PinoPretty } from "pino-pretty";

export type Log = Logger;

/** JSON lines on standard output; readable ones in a terminal. */
export function createLog(level: string, out: NodeJS.WriteStream = process.stdout): Log {
  const options = { name: "banterwire", level };
  if (!out.isTTY) return pino(options, out);
  return pino(options, PinoPretty({ destination: out, ignore: "pid,hostname,name" }));
}
