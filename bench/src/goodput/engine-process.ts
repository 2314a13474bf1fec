/** An Ollama of few slots in a process of its own: `engine-process.ts SLOTS`. */
import { type Reply, saying, startScriptedOllama } from "@banterwire/sidecar/testing";
import { answerParent } from "../support/child.ts";
import { DECODE_MS, type EngineAnswer, LINE_TOKENS, PREFILL_MS } from "./engine.ts";

const [, , slots = "1"] = process.argv;

const line = saying(
  Array.from({ length: LINE_TOKENS }, (_, index) => `word${index}`).join(" "),
  DECODE_MS / LINE_TOKENS,
);
/** A prefill goes on to its end, whoever has gone away meanwhile. */
const reply: Reply = { prefillMs: PREFILL_MS, steps: line.steps };
const brief: Reply = { prefillMs: PREFILL_MS, steps: saying("Yes.").steps };

const starting = startScriptedOllama({
  slots: Number(slots),
  answerWith: (body) => {
    const options = body["options"] as { num_predict?: number } | undefined;
    return options?.num_predict === 1 ? brief : reply;
  },
});

answerParent(async (): Promise<EngineAnswer> => {
  const { origin, books } = await starting;
  const { opens, queued, cancelled } = books;
  return { origin, opens, queued, cancelled };
});
