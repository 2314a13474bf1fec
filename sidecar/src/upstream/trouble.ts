/** Why an endpoint does not answer, for the person who can change that. */
export interface Trouble {
  readonly code:
    | "ollama_silent"
    | "model_missing"
    | "no_chat_model"
    | "load_failed"
    | "wedged"
    | "embedded_missing"
    | "embedded_down";
  readonly message: string;
  readonly remedy: string;
}

/** Thrown while an endpoint is brought up. */
export class TroubleError extends Error {
  readonly trouble: Trouble;

  constructor(trouble: Trouble) {
    super(trouble.message);
    this.name = "TroubleError";
    this.trouble = trouble;
  }
}

export function loadFailed(model: string, why: string): Trouble {
  return {
    code: "load_failed",
    message: `Ollama cannot load the model '${model}': ${why}.`,
    remedy: "See Ollama's log. If memory is short, name a smaller model with --model.",
  };
}

export function wedged(model: string): Trouble {
  return {
    code: "wedged",
    message: `Ollama takes requests for the model '${model}' and answers none, although nothing else of the sidecar's is in flight.`,
    remedy:
      "It was asked to unload the model. If that does not help, restart Ollama; the sidecar goes on asking and serves again by itself.",
  };
}

export function silent(error: unknown): Trouble {
  const why = error instanceof Error ? error.message || error.name : String(error);
  return {
    code: "ollama_silent",
    message: `Ollama does not answer: ${why}.`,
    remedy: "Start it with `ollama serve`, or name where it is with --ollama URL.",
  };
}
