import { join } from "node:path";
import { Child } from "./child.ts";

export type UpstreamQuestion = "books" | "origin";

/** What a paced upstream has seen since its start. */
export interface UpstreamBooks {
  readonly origin: string;
  /** Connections open now. */
  readonly sockets: number;
  /** Generations begun, ended by themselves, and ended by their client. */
  readonly begun: number;
  readonly done: number;
  readonly cut: number;
  /** Tokens written. */
  readonly tokens: number;
  /** When the clients of tagged requests went away, on the machine's monotonic clock: [tag, ms]. */
  readonly cutAtMs: readonly (readonly [number, number])[];
}

/** A scripted Ollama in a process of its own, as cheap as it can be; prompts say its pace. */
export interface PacedUpstream {
  readonly origin: string;
  readonly pid: number;
  /** The cuts of tagged requests are handed out once. */
  books(): Promise<UpstreamBooks>;
  stop(): Promise<void>;
}

export const PACED_MODEL = "paced:latest";

export async function startPacedUpstream(): Promise<PacedUpstream> {
  const child = new Child<UpstreamQuestion, UpstreamBooks>(
    join(import.meta.dirname, "paced-upstream-process.ts"),
  );
  const { origin } = await child.ask("origin");
  return {
    origin,
    pid: child.pid,
    books: () => child.ask("books"),
    stop: () => child.stop(),
  };
}

/** Milliseconds on the clock that all processes of a machine share. */
export function machineNowMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}
