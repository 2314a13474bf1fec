/** ChatML, the one prompt form that this server speaks: what the shipped model was trained on. */
export type Role = "system" | "user" | "assistant";

export interface Message {
  readonly role: Role;
  readonly content: string;
}

export interface ChatTokenizer {
  /** Text as text: `<|im_start|>` in it stays eleven letters and signs, so that no player can forge a turn. */
  text(text: string): readonly number[];
  readonly turnStart: number;
  readonly turnEnd: number;
  /** Tokens that the model wants before everything else; empty for the shipped one. */
  readonly preamble: readonly number[];
}

/** The prompt does not fit into the window even after the oldest messages were dropped. */
export class PromptTooLongError extends Error {
  override readonly name = "PromptTooLongError";
}

/** No token of any vocabulary in use covers more characters: beyond this a message cannot fit, and is not tokenised. */
const MAX_CHARS_PER_TOKEN = 128;

/**
 * The tokens of a prompt of at most `maxTokens`. System messages and the last message always stay; the oldest others
 * are dropped when there is no room, unless `truncate` is false. A trailing assistant message is left open, so
 * that the model continues it.
 */
export function promptTokens(
  tokenizer: ChatTokenizer,
  messages: readonly Message[],
  maxTokens: number,
  truncate: boolean,
): number[] {
  const last = messages.length - 1;
  const opensReply = messages[last]?.role !== "assistant";
  const header = opensReply ? turnHead(tokenizer, "assistant", "") : [];
  let room = maxTokens - tokenizer.preamble.length - header.length;
  const turns: (readonly number[] | undefined)[] = messages.map(() => undefined);

  const place = (index: number, message: Message): boolean => {
    if (message.content.length > room * MAX_CHARS_PER_TOKEN) return false;
    const isOpen = index === last && !opensReply;
    const turn = turnTokens(tokenizer, message, isOpen);
    if (turn.length > room) return false;
    turns[index] = turn;
    room -= turn.length;
    return true;
  };
  const mustStay = (index: number, message: Message): boolean =>
    message.role === "system" || index === last || !truncate;

  for (const [index, message] of messages.entries())
    if (mustStay(index, message) && !place(index, message)) throw tooLong(maxTokens);
  for (const [index, message] of [...messages.entries()].toReversed())
    if (!mustStay(index, message) && !place(index, message)) break;

  return [...tokenizer.preamble, ...turns.flatMap((turn) => turn ?? []), ...header];
}

function turnTokens(tokenizer: ChatTokenizer, message: Message, isOpen: boolean): number[] {
  const head = turnHead(tokenizer, message.role, message.content);
  return isOpen ? head : [...head, tokenizer.turnEnd, ...tokenizer.text("\n")];
}

function turnHead(tokenizer: ChatTokenizer, role: Role, content: string): number[] {
  return [tokenizer.turnStart, ...tokenizer.text(`${role}\n${content}`)];
}

function tooLong(maxTokens: number): PromptTooLongError {
  return new PromptTooLongError(
    `the input length exceeds the context length: the system messages and the last message must fit into ${maxTokens} tokens`,
  );
}
