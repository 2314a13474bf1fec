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
