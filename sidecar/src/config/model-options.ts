import { z } from "zod";

/** Options of Ollama's by name, as its API spells them; undefined as if it was not there. */
export type Options = Readonly<Record<string, number | boolean | undefined>>;

const share = z.number().min(0).max(1);
const penalty = z.number().min(-2).max(2);

/** Read anew with each request, so that each character may have its own. */
const SAMPLING = {
  temperature: z.number().min(0).max(5),
  top_k: z.int().min(0),
  top_p: share,
  min_p: share,
  typical_p: share,
  seed: z.int(),
  repeat_last_n: z.int().min(-1),
  repeat_penalty: z.number().min(0).max(5),
  presence_penalty: penalty,
  frequency_penalty: penalty,
};

/** Decide how a model is loaded: a request that differs in one has it loaded anew, for seconds. */
const RUNNER = {
  num_ctx: z.int().min(1),
  num_batch: z.int().min(1),
  num_gpu: z.int().min(-1),
  main_gpu: z.int().min(0),
  num_thread: z.int().min(0),
  use_mmap: z.boolean(),
};

export const modelOptions = z.strictObject({ ...SAMPLING, ...RUNNER }).partial();

export function isRunnerOption(name: string): boolean {
  return name in RUNNER;
}
