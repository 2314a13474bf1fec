import { join } from "node:path";
import { Child } from "../support/child.ts";

/** What a generation costs, milliseconds: like a small model on a good GPU. */
export const PREFILL_MS = 40;
export const DECODE_MS = 240;
export const LINE_TOKENS = 16;

export interface EngineAnswer {
  readonly origin: string;
  /** Generations begun, those that found every slot taken, and those that their client gave up. */
  readonly opens: number;
  readonly queued: number;
  readonly cancelled: number;
}

/** A scripted Ollama with so many slots, a FIFO without bound before them, and prefills that cannot be stopped. */
export interface BenchEngine {
  readonly origin: string;
  books(): Promise<EngineAnswer>;
  stop(): Promise<void>;
}

export async function startEngine(slots: number): Promise<BenchEngine> {
  const path = join(import.meta.dirname, "engine-process.ts");
  const child = new Child<"books", EngineAnswer>(path, [String(slots)]);
  const { origin } = await child.ask("books");
  return { origin, books: () => child.ask("books"), stop: () => child.stop() };
}

/** What its slots can serve when none is ever idle, lines per second. */
export function saturation(slots: number): number {
  return (slots * 1_000) / (PREFILL_MS + DECODE_MS);
}
