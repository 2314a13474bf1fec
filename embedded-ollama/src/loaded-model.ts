import type {
  Llama,
  LlamaContext,
  LlamaContextSequence,
  LlamaModel,
  SequenceEvaluateOptions,
  Token,
} from "node-llama-cpp";
import type { ChatTokenizer } from "./chat-template.ts";
import { type CachesTokens, SlotPool } from "./slots.ts";
import { StopStrings } from "./stop-strings.ts";
import { TokenText } from "./token-text.ts";

/** An abort is noticed between chunks, so this bounds how long a cancelled prefill keeps its sequence. */
const PREFILL_CHUNK_TOKENS = 128;
const BATCH_TOKENS = 512;

export interface ModelOptions {
  readonly sequences: number;
  /** Tokens of prompt and reply together, for each sequence. */
  readonly contextTokens: number;
  readonly threads: number;
  /** Requests that may wait for a sequence; one more is refused. */
  readonly maxWaiting: number;
}

export interface Sampling {
  readonly temperature: number;
  readonly topK: number;
  readonly topP: number;
  readonly minP: number;
  /** Undefined: another one for each request. */
  readonly seed: number | undefined;
  readonly repeatPenalty: number;
  readonly repeatLastTokens: number;
}

export interface Generation {
  readonly prompt: readonly number[];
  /** Undefined: until the model ends by itself or the window is full. */
  readonly maxTokens: number | undefined;
  /** Tokens of prompt and reply together; never more than the sequence has. */
  readonly windowTokens: number;
  readonly sampling: Sampling;
  readonly stop: readonly string[];
}

export interface Usage {
  /** The prompt's tokens, those found in the cache included. */
  readonly promptTokens: number;
  /** Those of the prompt that had to be evaluated. */
  readonly evaluatedPromptTokens: number;
  /** From the sequence to the first token. */
  readonly promptMs: number;
  readonly outputTokens: number;
  readonly outputMs: number;
}

export type GenerationEvent =
  | { readonly type: "text"; readonly text: string }
  | { readonly type: "end"; readonly reason: "stop" | "length"; readonly usage: Usage };

/** One sequence of the context, and the tokens whose state it holds. */
class Slot implements CachesTokens {
  readonly sequence: LlamaContextSequence;

  constructor(sequence: LlamaContextSequence) {
    this.sequence = sequence;
  }

  get cachedTokens(): readonly Token[] {
    return this.sequence.contextTokens;
  }
}

/** A model in memory with its sequences, which llama.cpp evaluates together in shared batches. */
export class LoadedModel {
  readonly model: LlamaModel;
  readonly tokenizer: ChatTokenizer;
  readonly contextTokens: number;
  readonly #context: LlamaContext;
  readonly #slots: SlotPool<Slot>;

  private constructor(model: LlamaModel, context: LlamaContext, options: ModelOptions) {
    this.model = model;
    this.tokenizer = chatTokenizer(model);
    this.contextTokens = context.contextSize;
    this.#context = context;
    const slots = Array.from({ length: options.sequences }, () => new Slot(context.getSequence()));
    this.#slots = new SlotPool(slots, options.maxWaiting);
  }

  static async load(llama: Llama, path: string, options: ModelOptions): Promise<LoadedModel> {
    const model = await llama.loadModel({ modelPath: path });
    try {
      const context = await model.createContext({
        sequences: options.sequences,
        contextSize: Math.min(options.contextTokens, model.trainContextSize),
        threads: options.threads,
        batchSize: BATCH_TOKENS,
        failedCreationRemedy: false,
      });
      return new LoadedModel(model, context, options);
    } catch (error) {
      await model.dispose();
      throw error;
    }
  }

  get idleSequences(): number {
    return this.#slots.idleCount;
  }

  get waiting(): number {
    return this.#slots.waitingCount;
  }

  /**
   * Text as it is made, then exactly one end. Leaving the loop early or aborting the signal frees the sequence; an
   * abort throws the signal's reason. Throws `QueueFullError` when too many wait already.
   */
  async *generate(request: Generation, signal: AbortSignal): AsyncGenerator<GenerationEvent> {
    const lease = await this.#slots.acquire(request.prompt, signal);
    const { sequence } = lease.slot;
    let isBroken = false;
    try {
      yield* this.#run(sequence, request, signal);
    } catch (error) {
      isBroken = error !== signal.reason;
      throw error;
    } finally {
      // After a failed batch nobody knows what the sequence holds: better no prefix than a wrong one.
      if (isBroken) await sequence.clearHistory().catch(() => undefined);
      lease.release();
    }
  }

  /** Only when no generation is running. */
  async dispose(): Promise<void> {
    await this.#context.dispose();
    await this.model.dispose();
  }

  async *#run(
    sequence: LlamaContextSequence,
    request: Generation,
    signal: AbortSignal,
  ): AsyncGenerator<GenerationEvent> {
    const startedAt = performance.now();
    const prompt = request.prompt as readonly Token[];
    const rest = await uncachedTokens(sequence, prompt);
    const lastChunk = await prefillAllButLastChunk(sequence, rest, signal);

    const room = Math.min(request.windowTokens, sequence.contextSize) - prompt.length;
    const limit = Math.min(request.maxTokens ?? room, room);
    const output: Token[] = [];
    const text = new TokenText<Token>((tokens, previous) =>
      this.model.detokenize(tokens, false, previous),
    );
    const stops = new StopStrings(request.stop);
    let firstTokenAt: number | undefined;
    let reason: "stop" | "length" = "stop";
    const options = evaluateOptions(request.sampling, prompt, output);

    for await (const token of sequence.evaluate(lastChunk, options)) {
      signal.throwIfAborted();
      firstTokenAt ??= performance.now();
      output.push(token);
      const { visible, stopped } = stops.push(text.push(token));
      if (visible !== "") yield { type: "text", text: visible };
      if (stopped) break;
      if (output.length >= limit) {
        reason = "length";
        break;
      }
    }
    signal.throwIfAborted();
    firstTokenAt ??= performance.now();
    const tail = stops.push(text.flush()).visible + stops.flush();
    if (tail !== "") yield { type: "text", text: tail };
    yield {
      type: "end",
      reason,
      usage: {
        promptTokens: prompt.length,
        evaluatedPromptTokens: rest.length,
        promptMs: firstTokenAt - startedAt,
        outputTokens: output.length,
        outputMs: performance.now() - firstTokenAt,
      },
    };
  }
}

/** Brings the sequence back to the prefix it shares with the prompt; at least one token is left, for its logits. */
async function uncachedTokens(
  sequence: LlamaContextSequence,
  prompt: readonly Token[],
): Promise<Token[]> {
  await sequence.adaptStateToTokens(prompt.slice(0, -1), false);
  return prompt.slice(sequence.nextTokenIndex);
}

async function prefillAllButLastChunk(
  sequence: LlamaContextSequence,
  tokens: readonly Token[],
  signal: AbortSignal,
): Promise<Token[]> {
  let start = 0;
  for (; tokens.length - start > PREFILL_CHUNK_TOKENS; start += PREFILL_CHUNK_TOKENS) {
    signal.throwIfAborted();
    await sequence.evaluateWithoutGeneratingNewTokens(
      tokens.slice(start, start + PREFILL_CHUNK_TOKENS),
    );
  }
  signal.throwIfAborted();
  return tokens.slice(start);
}

function evaluateOptions(
  sampling: Sampling,
  prompt: readonly Token[],
  output: readonly Token[],
): SequenceEvaluateOptions {
  const { temperature, topK, topP, minP, repeatPenalty, repeatLastTokens } = sampling;
  return {
    temperature,
    topK,
    topP,
    minP,
    seed: sampling.seed ?? Math.floor(Math.random() * 2 ** 32),
    ...(repeatPenalty !== 1 &&
      repeatLastTokens > 0 && {
        repeatPenalty: {
          penalty: repeatPenalty,
          punishTokens: () => [...prompt, ...output].slice(-repeatLastTokens),
        },
      }),
  };
}

/** The file's template is not ChatML, or its vocabulary would let text forge a turn. */
class UnsupportedTemplateError extends Error {
  override readonly name = "UnsupportedTemplateError";
}

function chatTokenizer(model: LlamaModel): ChatTokenizer {
  const turnStart = specialToken(model, "<|im_start|>");
  const turnEnd = specialToken(model, "<|im_end|>");
  const wantsBos = model.tokens.shouldPrependBosToken && model.tokens.bos !== null;
  return {
    text: (text) => model.tokenize(text, false),
    turnStart,
    turnEnd,
    preamble: wantsBos && model.tokens.bos !== null ? [model.tokens.bos] : [],
  };
}

function specialToken(model: LlamaModel, text: string): Token {
  const [token, ...others] = model.tokenize(text, true);
  if (token === undefined || others.length > 0 || !model.isSpecialToken(token))
    throw new UnsupportedTemplateError(`its vocabulary has no ChatML token ${text}`);
  if (model.tokenize(text, false).includes(token))
    throw new UnsupportedTemplateError(`its vocabulary reads ${text} in plain text as a turn`);
  return token;
}
