/** An Ollama some of whose first tokens come late: `engine-process.ts PORT SLOTS STRAGGLERS SEED`. */
import { type Reply, saying, startScriptedOllama } from "@banterwire/sidecar/testing";
import { answerParent } from "../support/child.ts";
import { seededRandom } from "../support/random.ts";
import { type EngineAnswer, LINE, PREFILL_MS, STRAGGLE_MS, TOKEN_GAP_MS } from "./engine.ts";

const [, , port = "0", slots = "1", stragglers = "0", seed = "1"] = process.argv;

const random = seededRandom(Number(seed));
const { steps } = saying(LINE, TOKEN_GAP_MS);
const usual: Reply = { prefillMs: PREFILL_MS, steps };
const late: Reply = { prefillMs: PREFILL_MS, steps: [{ do: "wait", ms: STRAGGLE_MS }, ...steps] };

let lines = 0;

const starting = startScriptedOllama({
  port: Number(port),
  slots: Number(slots),
  answerWith: (body) => {
    const options = body["options"] as { num_predict?: number } | undefined;
    // What the sidecar asks for itself is one token.
    if (options?.num_predict === 1) return usual;
    lines++;
    return random() < Number(stragglers) ? late : usual;
  },
});

answerParent(async (): Promise<EngineAnswer> => {
  const { origin } = await starting;
  return { origin, lines };
});
