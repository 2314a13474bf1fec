import { PromptTooLongError, promptTokens } from "./chat-template.ts";
import type { Generation, LoadedModel, Usage } from "./loaded-model.ts";
import { type Completion, RequestError } from "./requests.ts";

/** The prompt must leave the reply this much of the window. */
const MIN_REPLY_TOKENS = 8;
const NS_PER_MS = 1e6;

export type Endpoint = "chat" | "generate";

/** The times of one request, from `performance.now()`. */
export interface Times {
  readonly receivedAt: number;
  readonly loadedAt: number;
}

/** Throws `RequestError` 400 when the prompt cannot be made to fit. */
export function generationOf(completion: Completion, model: LoadedModel): Generation {
  const { options } = completion;
  const windowTokens = Math.min(options.num_ctx ?? model.contextTokens, model.contextTokens);
  const { num_predict: predict, seed } = options;
  return {
    prompt: fittingPrompt(completion, model, windowTokens - MIN_REPLY_TOKENS),
    maxTokens: predict !== undefined && predict > 0 ? predict : undefined,
    windowTokens,
    sampling: {
      temperature: options.temperature,
      topK: options.top_k,
      topP: options.top_p,
      minP: options.min_p,
      seed: seed !== undefined && seed >= 0 ? seed % 2 ** 32 : undefined,
      repeatPenalty: options.repeat_penalty,
      repeatLastTokens: options.repeat_last_n < 0 ? windowTokens : options.repeat_last_n,
    },
    stop: options.stop,
  };
}

function fittingPrompt(completion: Completion, model: LoadedModel, maxTokens: number): number[] {
  try {
    return promptTokens(model.tokenizer, completion.messages, maxTokens, completion.truncate);
  } catch (error) {
    if (error instanceof PromptTooLongError) throw new RequestError(400, error.message);
    throw error;
  }
}

/** One line of a streamed reply, or, with `done`, the whole of one that is not. */
export function textReply(endpoint: Endpoint, model: string, text: string): object {
  return { ...head(endpoint, model, text), done: false };
}

/** Answers a request without messages, whose only effect is on the model's residency. */
export function residencyReply(
  endpoint: Endpoint,
  model: string,
  reason: "load" | "unload",
): object {
  return { ...head(endpoint, model, ""), done: true, done_reason: reason };
}

export function endReply(
  endpoint: Endpoint,
  model: string,
  text: string,
  reason: "stop" | "length",
  usage: Usage,
  times: Times,
): object {
  return {
    ...head(endpoint, model, text),
    done: true,
    done_reason: reason,
    total_duration: nanoseconds(performance.now() - times.receivedAt),
    load_duration: nanoseconds(times.loadedAt - times.receivedAt),
    prompt_eval_count: usage.promptTokens,
    prompt_eval_duration: nanoseconds(usage.promptMs),
    eval_count: usage.outputTokens,
    eval_duration: nanoseconds(usage.outputMs),
  };
}

function head(endpoint: Endpoint, model: string, text: string): object {
  const content =
    endpoint === "chat" ? { message: { role: "assistant", content: text } } : { response: text };
  return { model, created_at: new Date().toISOString(), ...content };
}

function nanoseconds(ms: number): number {
  return Math.round(ms * NS_PER_MS);
}
