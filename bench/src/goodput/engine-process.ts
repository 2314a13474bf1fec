/** An Ollama of few slots in a process of its own: `engine-process.ts SLOTS`. */
import { type Reply, saying, startScriptedOllama } from "@banterwire/sidecar/testing";
import { answerParent } from "../support/child.ts";
import {
  DECODE_MS,
  type EngineAnswer,
  LINE_TOKENS,
  OVERHEAD_MS,
  PREFILL_MS_PER_TOKEN,
} from "./engine.ts";

const [, , slots = "1"] = process.argv;

/** A token at a time, the first after what each request costs. */
const line = saying(
  Array.from({ length: LINE_TOKENS }, (_, index) => `word${index}`).join(" "),
  DECODE_MS / LINE_TOKENS,
);
const reply: Reply = { steps: [{ do: "wait", ms: OVERHEAD_MS }, ...line.steps] };
const brief: Reply = { steps: [{ do: "wait", ms: OVERHEAD_MS }, ...saying("Yes.").steps] };

const starting = startScriptedOllama({
  slots: Number(slots),
  prefillMsPerToken: PREFILL_MS_PER_TOKEN,
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
