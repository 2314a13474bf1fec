import type { Reply, Step } from "./reply.ts";

/** What the final line says about the generation; durations in nanoseconds, as Ollama has them. */
export interface Timings {
  readonly loadNs: number;
  readonly prefillNs: number;
  readonly promptTokens: number;
  readonly tokens: number;
}

const NO_TIMINGS: Timings = { loadNs: 0, prefillNs: 0, promptTokens: 0, tokens: 0 };

/** Which of the two endpoints answers: they differ in where the text stands. */
export type Dialect = "chat" | "generate";

/** The bytes of a step in Ollama's spelling; empty for steps that send none. */
export function bytesOf(
  step: Step,
  model: string,
  dialect: Dialect = "chat",
  timings: Timings = NO_TIMINGS,
): Buffer {
  switch (step.do) {
    case "say":
      return line({ model, ...textIn(dialect, step.text), done: false });
    case "think":
      return line({ model, ...textIn(dialect, "", step.text), done: false });
    case "done":
      return line({ model, ...textIn(dialect, ""), ...finalFields(step.reason, timings) });
    case "error":
      return line({ error: step.message });
    case "bytes":
      return typeof step.bytes === "string" ? Buffer.from(step.bytes) : Buffer.from(step.bytes);
    case "wait":
    case "hang":
    case "die":
      return Buffer.alloc(0);
  }
}

/** The same reply in pieces of so many bytes, wherever that cuts lines and characters. */
export function inPieces(reply: Reply, pieceBytes: number): Reply {
  const all = Buffer.concat(reply.steps.map((step) => bytesOf(step, "scripted")));
  const steps: Step[] = [];
  for (let start = 0; start < all.length; start += pieceBytes) {
    steps.push({ do: "bytes", bytes: all.subarray(start, start + pieceBytes) });
  }
  return { ...reply, steps };
}

/** The same reply in one write, all of its lines at once. */
export function inOneWrite(reply: Reply): Reply {
  return inPieces(reply, Number.MAX_SAFE_INTEGER);
}

function line(value: object): Buffer {
  return Buffer.from(`${JSON.stringify(value)}\n`);
}

function textIn(dialect: Dialect, text: string, thinking?: string): object {
  const thought = thinking === undefined ? {} : { thinking };
  if (dialect === "generate") return { response: text, ...thought };
  return { message: { role: "assistant", content: text, ...thought } };
}

function finalFields(reason: "stop" | "length" | undefined, timings: Timings): object {
  return {
    done: true,
    done_reason: reason ?? "stop",
    total_duration: timings.loadNs + timings.prefillNs,
    load_duration: timings.loadNs,
    prompt_eval_count: timings.promptTokens,
    prompt_eval_duration: timings.prefillNs,
    eval_count: timings.tokens,
  };
}
