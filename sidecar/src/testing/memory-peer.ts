import {
  advanceLine,
  countCodePoints,
  decodeDown,
  type Down,
  type LineEnd,
  type LineEvent,
  type LineState,
  type Resume,
  WAITING,
} from "@banterwire/protocol";
import type { PeerSocket } from "../connection.ts";

/** A line as the game's end saw it. */
export interface SeenLine {
  readonly character: string | undefined;
  readonly text: string;
  readonly end: LineEnd | undefined;
  /** Code of the error that named the line. */
  readonly error: string | undefined;
  /** Terminal messages: an end, or an error that names the line. */
  readonly terminals: number;
}

interface Tracked extends SeenLine {
  readonly state: LineState;
}

const UNSEEN: Tracked = {
  character: undefined,
  text: "",
  end: undefined,
  error: undefined,
  terminals: 0,
  state: WAITING,
};

/** A line whose cue never came: it is asked for once more. */
const ASKED_AGAIN = "unknown_line";

/** A line as a client has it that received so much of it and no end. */
function standingAt({ character, text, state }: Tracked, offset: number): Tracked {
  if (offset === 0 || state.name === "waiting") return UNSEEN;
  const { source } = state;
  const heard = Array.from(text).slice(0, offset).join("");
  return { ...UNSEEN, character, text: heard, state: { name: "speaking", source, length: offset } };
}

/** The game's end of a connection, in memory: keeps what arrives and checks it as a client would. */
export class MemoryPeer implements PeerSocket {
  readonly messages: Down[] = [];
  /** What a client would call a breach of the protocol, or something after a line's end. */
  readonly breaches: string[] = [];
  readonly #lines = new Map<number, Tracked>();
  #closed: { readonly code: number; readonly reason: string } | undefined;
  bufferedBytes = 0;

  get closed(): { readonly code: number; readonly reason: string } | undefined {
    return this.#closed;
  }

  /** The client went on with these lines from here; `before` are the peers of its session so far. */
  adopt(stands: Resume["lines"], before: readonly MemoryPeer[]): void {
    for (const [id, offset] of stands) {
      const [seen] = before.toReversed().flatMap((peer) => peer.#lines.get(id) ?? []);
      if (seen && offset !== null) this.#lines.set(id, standingAt(seen, offset));
    }
  }

  send(bytes: Uint8Array): void {
    const message = decodeDown(bytes);
    if (message.kind === "unknown") throw new Error(`message of unknown type ${message.type}`);
    if (this.#closed) this.breaches.push(`${message.kind} after the close`);
    this.messages.push(message);
    this.#track(message);
  }

  close(code: number, reason: string): void {
    this.#closed ??= { code, reason };
  }

  line(id: number): SeenLine {
    return this.#lines.get(id) ?? UNSEEN;
  }

  /** The messages of one kind. */
  all<K extends Down["kind"]>(kind: K): Extract<Down, { kind: K }>[] {
    return this.messages.filter((message) => message.kind === kind) as Extract<Down, { kind: K }>[];
  }

  #track(message: Down): void {
    switch (message.kind) {
      case "lineBegin":
        this.#advance(message.line, { name: "begin", source: message.source }, (line) => ({
          ...line,
          character: message.character,
        }));
        return;
      case "delta":
        for (const [id, offset, text] of message.parts) {
          const codePoints = countCodePoints(text);
          this.#advance(id, { name: "delta", offset, codePoints }, (line) => ({
            ...line,
            text: line.text + text,
          }));
        }
        return;
      case "lineEnd":
        if (message.length !== countCodePoints(this.line(message.line).text)) {
          this.breaches.push(`line ${message.line}: its length is untrue`);
        }
        this.#advance(message.line, { ...message, name: "end" }, (line) => ({
          ...line,
          end: message,
          terminals: line.terminals + 1,
        }));
        return;
      case "error":
        if (message.line !== null) this.#refused(message.line, message.code);
        return;
      default:
        return;
    }
  }

  #advance(id: number, event: LineEvent, change: (line: Tracked) => Tracked): void {
    const line = this.#lines.get(id) ?? UNSEEN;
    const isOver = line.error !== undefined && line.error !== ASKED_AGAIN;
    const step = isOver ? { step: "late" } : advanceLine(line.state, event);
    if (!("state" in step)) {
      this.breaches.push(`line ${id}: ${event.name} is ${"why" in step ? step.why : step.step}`);
      return;
    }
    this.#lines.set(id, { ...change(line), state: step.state });
  }

  #refused(id: number, error: string): void {
    const line = this.#lines.get(id) ?? UNSEEN;
    if (line.terminals > 0) this.breaches.push(`line ${id}: an error after its end`);
    const terminals = line.terminals + (error === ASKED_AGAIN ? 0 : 1);
    this.#lines.set(id, { ...line, error, terminals });
  }
}
