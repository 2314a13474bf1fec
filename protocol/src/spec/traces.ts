import { CONVERSATIONS } from "./conversations.ts";
import { REFUSALS } from "./refusals.ts";
import { down, type Trace, WELCOME } from "./trace.ts";

/** The files of `vectors/traces/`, by name. */
export function traceFiles(): Readonly<Record<string, readonly Trace[]>> {
  return {
    "traces/conversations.json": CONVERSATIONS.map(withLimits),
    "traces/refusals.json": REFUSALS.map(withLimits),
  };
}

/** Has welcome say what the trace needs of it. */
function withLimits(trace: Trace): Trace {
  const { limits } = trace;
  if (!limits) return trace;
  const steps = trace.steps.map((step) =>
    "name" in step && step.name === "welcome" ? down({ ...WELCOME, ...limits }) : step,
  );
  return { ...trace, steps };
}
