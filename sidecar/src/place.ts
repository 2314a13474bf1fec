import type { SidecarConfig } from "./config.ts";
import type { Log } from "./log.ts";
import { connectPool } from "./upstream/engine.ts";
import { chooseModel } from "./upstream/model-choice.ts";
import { OllamaControl } from "./upstream/ollama-control.ts";
import { TroubleError } from "./upstream/trouble.ts";

/** Which engine serves. */
export type Place =
  | { readonly kind: "ollama"; readonly origin: string }
  | { readonly kind: "embedded" };

/** An Ollama that is there answers this in a millisecond. */
const PROBE_TIMEOUT_MS = 1_500;

/**
 * Decides once, at start, which engine serves: the named Ollama whatever it says; else the one at
 * `OLLAMA_HOST` if it answers and can chat, or if a model was named that only an Ollama can have;
 * else the embedded one.
 */
export async function choosePlace(config: SidecarConfig, log: Log): Promise<Place> {
  if (config.ollama !== undefined) return { kind: "ollama", origin: config.ollama };
  const origin = config.ollamaHost;
  if (config.model !== undefined) return { kind: "ollama", origin };
  const dispatcher = connectPool(origin);
  try {
    const control = new OllamaControl(origin, dispatcher, AbortSignal.timeout(PROBE_TIMEOUT_MS));
    await control.version();
    await chooseModel(control, origin, undefined, Date.now());
    return { kind: "ollama", origin };
  } catch (error) {
    if (error instanceof TroubleError) log.warn(error.trouble, "the embedded model serves instead");
    return { kind: "embedded" };
  } finally {
    await dispatcher.destroy();
  }
}
