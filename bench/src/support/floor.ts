import { join } from "node:path";
import type { FloorAnswer, FloorQuestion } from "../../floor/process.ts";
import { Child } from "./child.ts";

/** The floor in a process of its own. */
export interface FloorProcess {
  readonly url: string;
  readonly pid: number;
  /** Lateness of bare timers that it carries beside its streams, milliseconds. */
  timers(load: { perSecond: number; delayMs: number; forMs: number }): Promise<readonly number[]>;
  stop(): Promise<void>;
}

export async function startFloor(origin: string): Promise<FloorProcess> {
  const path = join(import.meta.dirname, "..", "..", "floor", "process.ts");
  const child = new Child<FloorQuestion, FloorAnswer>(path, [origin]);
  const [port] = await child.ask({ ask: "port" });
  return {
    url: `ws://127.0.0.1:${port}`,
    pid: child.pid,
    timers: (load) => child.ask({ ask: "timers", ...load }),
    stop: () => child.stop(),
  };
}
