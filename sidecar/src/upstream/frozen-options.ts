import { isRunnerOption, type Options } from "../config/model-options.ts";
import type { RunnerOptions } from "./ollama-chat.ts";

/**
 * Why a request with these options must not be sent: one of them differs from what the model is
 * loaded with, so that it would be loaded anew, for seconds, and again for the next speaker.
 * Undefined where it may.
 */
export function divergence(
  model: string,
  frozen: RunnerOptions,
  options: Options = {},
): string | undefined {
  const loaded: Options = { ...frozen };
  for (const [name, value] of Object.entries(options)) {
    if (value === undefined || !isRunnerOption(name) || loaded[name] === value) continue;
    const now = loaded[name] === undefined ? "Ollama's own value" : String(loaded[name]);
    return (
      `options_differ: a card asks for ${name} ${value}, and '${model}' is loaded with ${now}; ` +
      `it would be loaded anew for each speaker. Take ${name} out of the card, or set it for the ` +
      `whole model in its Modelfile or in Ollama's environment`
    );
  }
  return undefined;
}
