import { z } from "zod";
import type { Message } from "./chat-template.ts";
import type { KeepAlive } from "./residency.ts";

/** Becomes `{"error": message}` with the status. */
export class RequestError extends Error {
  override readonly name = "RequestError";
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** Longer than any reply: a stop string beyond this is a mistake, and the hold before it would be too. */
const MAX_STOP_CHARS = 256;
const MAX_STOPS = 16;

/** A hundred years are for ever, and their end is still a date. */
const MAX_KEEP_ALIVE_MS = 100 * 365 * 86_400_000;

const finite = z.number().finite();
const stopString = z.string().max(MAX_STOP_CHARS);

/** Ollama's own values, save `min_p` and `top_p`: these are what the shipped model was measured with. */
export const DEFAULT_OPTIONS = {
  temperature: 0.8,
  top_k: 40,
  top_p: 0.95,
  min_p: 0.03,
  repeat_penalty: 1,
  repeat_last_n: 64,
} as const;

const optionsSchema = z.object({
  temperature: finite.min(0).default(DEFAULT_OPTIONS.temperature),
  top_k: z.int().min(0).default(DEFAULT_OPTIONS.top_k),
  top_p: finite.min(0).max(1).default(DEFAULT_OPTIONS.top_p),
  min_p: finite.min(0).max(1).default(DEFAULT_OPTIONS.min_p),
  repeat_penalty: finite.positive().default(DEFAULT_OPTIONS.repeat_penalty),
  repeat_last_n: z.int().min(-1).default(DEFAULT_OPTIONS.repeat_last_n),
  seed: z.int().optional(),
  num_predict: z.int().optional(),
  num_ctx: z.int().positive().optional(),
  stop: z
    .union([stopString.transform((stop) => [stop]), z.array(stopString).max(MAX_STOPS)])
    .default([]),
});

export type Options = z.infer<typeof optionsSchema>;

const keepAliveSchema = z.union([z.number(), z.string()]).transform((value, context): KeepAlive => {
  const ms = typeof value === "number" ? value * 1_000 : parseDurationMs(value);
  if (ms !== undefined)
    return ms < 0 || ms > MAX_KEEP_ALIVE_MS ? { kind: "forever" } : { kind: "for", ms };
  context.addIssue({
    code: "custom",
    message: 'must be seconds, or a duration with a unit such as "5m" or "-1s"',
  });
  return z.NEVER;
});

const noneOf = (feature: string): z.ZodType<undefined> =>
  z
    .unknown()
    .transform((value, context): undefined => {
      const isEmpty = !value || (Array.isArray(value) && value.length === 0);
      if (!isEmpty) context.addIssue({ code: "custom", message: `${feature} is not supported` });
      return undefined;
    })
    .optional();

const messageSchema = z.object({
  role: z.enum(["system", "user", "assistant"]),
  content: z.string().default(""),
  images: noneOf("image input"),
});

const common = {
  model: z.string().default(""),
  stream: z.boolean().default(true),
  truncate: z.boolean().default(true),
  options: optionsSchema.nullish().transform((options) => options ?? optionsSchema.parse({})),
  keep_alive: keepAliveSchema.optional(),
  think: z.union([z.boolean(), z.string()]).nullish(),
  format: noneOf("structured output"),
};

const chatSchema = z.object({
  ...common,
  messages: z.array(messageSchema).nullish(),
  tools: noneOf("tool calling"),
});

const generateSchema = z.object({
  ...common,
  prompt: z.string().default(""),
  system: z.string().default(""),
  suffix: noneOf("insertion"),
  raw: noneOf("raw mode"),
  template: noneOf("a template of the request"),
  context: noneOf("context (use /api/chat and send the earlier messages)"),
  images: noneOf("image input"),
});

const showSchema = z.object({ model: z.string().default(""), name: z.string().default("") });

/** What both completion endpoints come down to. */
export interface Completion {
  readonly model: string;
  /** Empty: load the model, or unload it when the keep-alive is 0, and make no text. */
  readonly messages: readonly Message[];
  readonly stream: boolean;
  readonly truncate: boolean;
  readonly options: Options;
  readonly keepAlive: KeepAlive | undefined;
  readonly thinks: boolean;
}

export function parseChat(body: unknown): Completion {
  const request = parse(chatSchema, body);
  const messages = request.messages ?? [];
  return completionOf(
    request,
    messages.map(({ role, content }) => ({ role, content })),
  );
}

export function parseGenerate(body: unknown): Completion {
  const request = parse(generateSchema, body);
  const system: Message[] = request.system ? [{ role: "system", content: request.system }] : [];
  const prompt: Message = { role: "user", content: request.prompt };
  return completionOf(request, request.prompt === "" ? [] : [...system, prompt]);
}

/** The name of the model that is asked about. */
export function parseShow(body: unknown): string {
  const { model, name } = parse(showSchema, body);
  return requireModel(model || name);
}

type Common = Pick<z.infer<typeof chatSchema>, keyof typeof common>;

function completionOf(request: Common, messages: readonly Message[]): Completion {
  return {
    model: requireModel(request.model),
    messages,
    stream: request.stream,
    truncate: request.truncate,
    options: request.options,
    keepAlive: request.keep_alive,
    thinks: Boolean(request.think),
  };
}

function requireModel(name: string): string {
  if (name === "") throw new RequestError(400, "model is required");
  return name;
}

function parse<S extends z.ZodType>(schema: S, body: unknown): z.infer<S> {
  const result = schema.safeParse(body);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  const where = issue?.path.join(".") || "the body";
  throw new RequestError(400, `invalid request: ${where}: ${issue?.message ?? "not understood"}`);
}

const MS_PER_UNIT: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
};
const DURATION_PART = String.raw`(\d+(?:\.\d+)?)(ns|us|µs|ms|s|m|h)`;
const DURATION = new RegExp(`^[+-]?(?:${DURATION_PART})+$`);

/** Go's durations: "1h30m", "-1s". Undefined when it is none. */
function parseDurationMs(text: string): number | undefined {
  if (text === "0") return 0;
  if (!DURATION.test(text)) return undefined;
  let ms = 0;
  for (const [, amount, unit] of text.matchAll(new RegExp(DURATION_PART, "g")))
    ms += Number(amount) * (MS_PER_UNIT[unit ?? ""] ?? 0);
  return text.startsWith("-") ? -ms : ms;
}
