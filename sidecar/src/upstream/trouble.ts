import { OddAnswerError, RefusedError } from "./ollama-control.ts";

/** Why an endpoint does not answer, for the person who can change that. */
export interface Trouble {
  readonly code:
    | "ollama_silent"
    | "not_admitted"
    | "certificate"
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

/** Of statuses: whoever stands before it wants to know who asks. */
const NOT_ADMITTED = new Set([401, 403, 407]);
/** Of errors of TLS: they are many, and these words are in all of them. */
const CERTIFICATE = /CERT|UNABLE_TO_VERIFY|HOSTNAME_MISMATCH/u;
/** Of errors where the other side does not understand what it is told, or hangs up. */
const NO_HTTP = /^(?:UND_ERR_SOCKET$|HPE_)/u;
const NO_TLS = /^(?:ECONNRESET|EPROTO|ERR_SSL_WRONG_VERSION_NUMBER)$/u;

/** What an error that kept an endpoint from coming up means. */
export function silent(error: unknown): Trouble {
  if (error instanceof OddAnswerError) {
    return {
      code: "ollama_silent",
      message: `What answers there is no Ollama, or something between changes its answers: ${error.message}.`,
      remedy: "Name where Ollama itself is with --ollama URL; see what a proxy before it does.",
    };
  }
  const why = error instanceof Error ? error.message || error.name : String(error);
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  if (error instanceof RefusedError && NOT_ADMITTED.has(error.status)) {
    return {
      code: "not_admitted",
      message: `Whoever stands before Ollama does not let the sidecar in: ${why}.`,
      remedy:
        "Put the whole Authorization header into a file and name that with `authorizationFile` of `endpoints`, or set BANTERWIRE_OLLAMA_AUTHORIZATION.",
    };
  }
  if (CERTIFICATE.test(code)) {
    return {
      code: "certificate",
      message: `The certificate that stands for Ollama is not trusted (${code}): ${why}.`,
      remedy:
        "If it is your own, name the one that signed it with `caFile` of `endpoints`, or in NODE_EXTRA_CA_CERTS. Else see that it has not expired, and is made out to the name in the address.",
    };
  }
  return {
    code: "ollama_silent",
    message: `Ollama does not answer: ${why}.`,
    remedy: `Start it with \`ollama serve\`, or name where it is with --ollama URL.${hintOf(code, why)}`,
  };
}

/** Where the address may begin with the wrong one of http:// and https://. */
function hintOf(code: string, why: string): string {
  if (NO_HTTP.test(code)) return " If it runs behind TLS, its address begins with https://.";
  const isTls = NO_TLS.test(code) && /TLS|SSL/u.test(why);
  return isTls ? " If it runs without TLS, its address begins with http://." : "";
}
