import { join } from "node:path";
import { Child } from "../support/child.ts";

export const LINE = "Mind the step, traveller, it is older than me.";
export const PREFILL_MS = 25;
export const TOKEN_GAP_MS = 10;
/** How much later than usual a straggler's first token comes. */
export const STRAGGLE_MS = 500;
export const SLOTS = 4;
const TOKENS = LINE.split(" ").length;
/** Lines a second that one engine can serve when no slot is ever idle. */
export const CAPACITY = (SLOTS * 1_000) / (PREFILL_MS + TOKENS * TOKEN_GAP_MS);

export interface EngineAnswer {
  readonly origin: string;
  /** Lines asked for; warm-ups and canaries are none. */
  readonly lines: number;
}

export interface Engine {
  readonly origin: string;
  lines(): Promise<number>;
  /** SIGKILL. */
  stop(): Promise<void>;
}

export interface EngineOptions {
  /** A free one unless told otherwise. */
  readonly port?: number;
  /** The share of generations that come late. */
  readonly stragglers?: number;
  readonly seed?: number;
}

export async function startEngine(options: EngineOptions = {}): Promise<Engine> {
  const { port = 0, stragglers = 0, seed = 1 } = options;
  const child = new Child<"books", EngineAnswer>(
    join(import.meta.dirname, "engine-process.ts"),
    [port, SLOTS, stragglers, seed].map(String),
  );
  const { origin } = await child.ask("books");
  return {
    origin,
    lines: async () => (await child.ask("books")).lines,
    stop: () => child.stop(),
  };
}
