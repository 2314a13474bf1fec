/** One thing that a scripted engine does after its prefill. */
export type Step =
  /** One token of text, as a line of its own; it may be empty. */
  | { readonly do: "say"; readonly text: string }
  /** A token of thinking, which is no text. */
  | { readonly do: "think"; readonly text: string }
  | { readonly do: "wait"; readonly ms: number }
  /** Bytes as they are, whatever they are. */
  | { readonly do: "bytes"; readonly bytes: string | Uint8Array }
  /** The final line, with its counts and durations. */
  | { readonly do: "done"; readonly reason?: "stop" | "length" }
  /** A line that says what went wrong. */
  | { readonly do: "error"; readonly message: string }
  /** Nothing any more, with the socket open. */
  | { readonly do: "hang" }
  /** The socket is torn down. */
  | { readonly do: "die" };

/** How the scripted engine answers one request. */
export interface Reply {
  /** Anything but 200 is sent with `steps` as its body and uses no slot. */
  readonly status?: number;
  readonly contentType?: string;
  /** In place of the time that the uncached prompt would take. */
  readonly prefillMs?: number;
  /** The response ends after the last step, unless that hangs or dies. */
  readonly steps: readonly Step[];
}

/** The text, a token for each word, and a proper end. */
export function saying(text: string, gapMs = 0): Reply {
  const steps: Step[] = [];
  for (const token of tokensOf(text)) {
    if (gapMs > 0) steps.push({ do: "wait", ms: gapMs });
    steps.push({ do: "say", text: token });
  }
  return { steps: [...steps, { do: "done" }] };
}

/** A refusal as Ollama spells it. */
export function refusing(status: number, error: string): Reply {
  return {
    status,
    contentType: "application/json",
    steps: [{ do: "bytes", bytes: JSON.stringify({ error }) }],
  };
}

/** The tokens that a text is sent in: words with the space before them. */
export function tokensOf(text: string): string[] {
  return text.match(/\s*\S+/gu) ?? [];
}
