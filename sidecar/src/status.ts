import { z } from "zod";

const count = z.int().min(0);
const rate = z.number().min(0).max(1).nullable();

const hitRates = z.strictObject({
  cues: count.describe("cues that count: all but those counted apart below"),
  modelHits: count.describe("of them, first visible text from the model within the budget"),
  anyHits: count.describe("of them, any visible text within the budget"),
  modelHitRate: rate.describe("`modelHits` / `cues`; null while there are no cues"),
  anyHitRate: rate.describe("`anyHits` / `cues`; null while there are no cues"),
  roomStalls: count.describe("of the misses, those whose room's event loop was blocked"),
  unreported: count.describe(
    "of the misses, those whose room told no outcome within 10 s; a cue that was asked again in a new session is one in the old one",
  ),
  ambient: count.describe("counted apart: ambient cues"),
  withdrawn: count.describe("counted apart: cues that the room cancelled before their deadline"),
  silences: count.describe("counted apart: cues to which the character chose to say nothing"),
});

const trouble = z.strictObject({
  code: z.string().describe("stable name of what is wrong"),
  message: z.string().describe("what is wrong"),
  remedy: z.string().describe("what to do about it"),
});

const prefixes = z.strictObject({
  capacity: count.describe("how many the engine has room for beside each other"),
  cold: count.describe("not read yet"),
  warming: count.describe("a prompt that begins with it is being read"),
  warm: count.describe("in the engine's cache"),
  evicted: count.describe("were warm; other prompts took their place"),
  refused: count.describe("the engine will not read them, such as one longer than its context"),
});

const predictor = z.strictObject({
  observations: count.describe("first tokens that the prediction rests on, the latest ones"),
  msPerToken: z.number().min(0).describe("for each token of prompt that is not cached"),
  charsPerToken: z.number().min(0).describe("characters of prompt in a token"),
  overheadMs: z
    .number()
    .nullable()
    .describe("of a first token, beside its prompt; null before one was seen"),
  loadMs: z.number().min(0).describe("what loading the model took last; 0 if no load was seen"),
});

const endpoint = z.strictObject({
  name: z
    .string()
    .describe("its name in metrics for as long as it serves: `ollama`, `ollama-2`..., `embedded`"),
  kind: z.enum(["ollama", "embedded"]).describe("an Ollama, or the embedded model"),
  url: z.string().nullable().describe("where it is; null until it is found"),
  address: z
    .string()
    .nullable()
    .describe("which of the addresses of the name in `url`, with `resolve: all`; else null"),
  engineVersion: z.string().nullable().describe("what the engine says of its version"),
  model: z.string().nullable().describe("the model in use"),
  contextLength: z.int().nullable().describe("its context, tokens, as it is loaded"),
  state: z
    .enum(["starting", "loading", "warm", "checking", "down"])
    .describe(
      "`warm`: lines come from the model; `checking`: lines were late or failed, and cues get authored ones until it is known to answer",
    ),
  trouble: trouble.nullable().describe("why it is down; null while it is not"),
  share: z
    .number()
    .min(0)
    .max(1)
    .describe(
      "of the characters that it is due, beside others: 0 while it is left out, 1 as usual or where nobody else could answer",
    ),
  warmTtftMs: z
    .number()
    .nullable()
    .describe("time to first token when it had become warm, milliseconds"),
  slots: count.describe("generations that may run at once"),
  inFlight: count.describe("generations that run now"),
  held: count.describe(
    "of them, those given up that go on all the same, unheard, until it is known that no load of the model dies with them",
  ),
  zombies: count.describe("slots still held by generations that were given up"),
  waiting: count.describe("cues in line for a slot"),
  opens: count.describe("generations begun since start"),
  closes: count.describe("generations over since start; `opens` when nothing is in flight"),
  prefixes: prefixes.describe("the characters' prompt prefixes, as far as we know its cache"),
  predictor: predictor.describe("what was learnt of its time to first token, milliseconds"),
});

export const sidecarStatus = z.strictObject({
  version: z.string().describe("of the sidecar"),
  uptimeMs: z.number().min(0).describe("since start, milliseconds"),
  connections: count.describe("games connected"),
  detached: count.describe("games whose connection was lost and that may come back"),
  rooms: count.describe("rooms open, of all games"),
  lines: count.describe("lines that have not ended"),
  endpoints: z
    .tuple([endpoint], endpoint)
    .describe("the engines that lines come from, then those that are to join them"),
  hitRates: z
    .strictObject({
      sinceStart: hitRates.describe("since the sidecar started"),
      lastMinute: hitRates.describe("over the last 60 s"),
    })
    .describe("how cues were answered, as the rooms reported it"),
});

/** What a sidecar tells at `/status`. */
export type SidecarStatus = z.infer<typeof sidecarStatus>;
export type HitRateStatus = z.infer<typeof hitRates>;
