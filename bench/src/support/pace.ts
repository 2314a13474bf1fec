/** How the paced upstream answers one request; it travels in the prompt, through whatever is between. */
export interface Pace {
  /** Tokens of text; 0 sends one empty token after the prefill and then stays silent. */
  readonly tokens: number;
  readonly gapMs: number;
  readonly prefillMs: number;
  /** Names the request in the upstream's books; 0 for none. */
  readonly tag?: number;
}

const PACE = /paced:(\d+):(\d+):(\d+):(\d+)/u;

/** The text to put into a prompt. */
export function promptOf({ tokens, gapMs, prefillMs, tag = 0 }: Pace): string {
  return `paced:${tokens}:${gapMs}:${prefillMs}:${tag}`;
}

/** The pace that a request's body asks for; undefined if it names none. */
export function paceIn(body: string): Required<Pace> | undefined {
  const found = PACE.exec(body)?.slice(1).map(Number);
  if (!found) return undefined;
  const [tokens = 0, gapMs = 0, prefillMs = 0, tag = 0] = found;
  return { tokens, gapMs, prefillMs, tag };
}

/** The text of a token. The first one tells how long the upstream held the request, microseconds. */
export function tokenText(index: number, heldMs: number): string {
  return index === 0 ? `held${Math.round(heldMs * 1000)}` : ` w${index}`;
}

const FIRST = /^held(\d+)/u;

/** How long the upstream held the request, milliseconds; NaN if this is not its first token. */
export function heldMsIn(text: string): number {
  return Number(FIRST.exec(text)?.[1] ?? NaN) / 1000;
}

const tails = new Map<number, string>();

/** Whether a line's text is all of its tokens, once each and in order. */
export function isWhole(text: string, tokens: number): boolean {
  let tail = tails.get(tokens);
  if (tail === undefined) {
    tail = Array.from({ length: tokens - 1 }, (_, index) => tokenText(index + 1, 0)).join("");
    tails.set(tokens, tail);
  }
  return text.endsWith(tail) && /^held\d+$/u.test(text.slice(0, text.length - tail.length));
}
