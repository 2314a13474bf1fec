import { join } from "node:path";
import { Child } from "./child.ts";

/** A process that only looks at how late its timer is: the noise of the machine. */
export interface Noise {
  /** Lateness since the last question, milliseconds. */
  lateness(): Promise<readonly number[]>;
  stop(): Promise<void>;
}

export async function startNoise(): Promise<Noise> {
  const child = new Child<"lateness", number[]>(join(import.meta.dirname, "noise-process.ts"));
  await child.ask("lateness");
  return { lateness: () => child.ask("lateness"), stop: () => child.stop() };
}
