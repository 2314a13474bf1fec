import type { OllamaControl } from "./ollama-control.ts";

/** What llama-server keeps of prompts that have lost their slot, bytes of host memory. */
const HOST_CACHE_BYTES = 8 * 2 ** 30;
/** From this version on, Ollama runs models in llama-server. */
const FIRST_WITH_HOST_CACHE = [0, 30] as const;
/** Of a model of 8 billion parameters: what a model that says nothing is taken to need. */
const USUAL_BYTES_PER_TOKEN = 131_072;
const BYTES_PER_VALUE = 2;

/**
 * How many tokens of prompts an Ollama keeps beside those in its slots, from its version and its
 * model's own figures.
 */
export async function hostCacheTokens(
  control: OllamaControl,
  engineVersion: string,
  model: string,
): Promise<number> {
  if (!keepsPrompts(engineVersion)) return 0;
  const bytesPerToken = kvBytesPerToken(await control.modelInfo(model)) ?? USUAL_BYTES_PER_TOKEN;
  return Math.floor(HOST_CACHE_BYTES / bytesPerToken);
}

function keepsPrompts(engineVersion: string): boolean {
  const [major = 0, minor = 0] = engineVersion.split(".").map(Number);
  const [firstMajor, firstMinor] = FIRST_WITH_HOST_CACHE;
  return major > firstMajor || (major === firstMajor && minor >= firstMinor);
}

/** Of the keys and values of all layers; undefined where the model does not say. */
function kvBytesPerToken(info: Readonly<Record<string, unknown>>): number | undefined {
  const architecture = String(info["general.architecture"]);
  const of = (key: string): number => Number(info[`${architecture}.${key}`]);
  const heads = of("attention.head_count");
  const keyLength = of("attention.key_length") || of("embedding_length") / heads;
  const valueLength = of("attention.value_length") || keyLength;
  const kvHeads = of("attention.head_count_kv") || heads;
  const bytes = of("block_count") * kvHeads * (keyLength + valueLength) * BYTES_PER_VALUE;
  return bytes > 0 && Number.isFinite(bytes) ? bytes : undefined;
}
