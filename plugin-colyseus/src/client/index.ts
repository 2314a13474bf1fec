import type { Reason, Source } from "@banterwire/protocol";
import { BEGIN, END, type Entry, MESSAGE_TYPE, SNAPSHOT, SYNC, TEXT } from "../wire.ts";
import { readEntries } from "./read-entries.ts";

/** What an NPC says, as far as it has come. The object stays the same while it grows. */
export interface WatchedLine {
  readonly id: number;
  readonly npc: string;
  readonly source: Source;
  readonly text: string;
  /** Absent while the line is open. */
  readonly end: WatchedEnd | undefined;
}

export interface WatchedEnd {
  readonly reason: Reason;
  /** From the cue to the first text at the game server, milliseconds. */
  readonly ttftMs: number | undefined;
  /** How long to show the line at reading pace, milliseconds. */
  readonly displayMs: number;
}

export interface BanterHandlers {
  onBegin?(line: WatchedLine): void;
  /** `text` is what came; `line.text` is all of it. */
  onText?(line: WatchedLine, text: string): void;
  onEnd?(line: WatchedLine & { readonly end: WatchedEnd }): void;
  /** After joining late, a reconnect or a gap: these lines, in the place of all that were known. */
  onSnapshot?(lines: readonly WatchedLine[]): void;
}

export interface BanterWatch {
  /** The lines by id; the oldest that have ended are forgotten. */
  readonly lines: ReadonlyMap<number, WatchedLine>;
  stop(): void;
}

/** A room of `@colyseus/sdk`, whatever messages it is typed with. */
export interface WatchableRoom {
  onMessage(...args: never[]): unknown;
  send(...args: never[]): unknown;
  readonly onReconnect: ((callback: () => void) => unknown) & {
    remove(callback: () => void): unknown;
  };
}

/** Lines kept that have ended. */
const MAX_ENDED_LINES = 256;

/** Follows what the NPCs of a room say. Call it right after joining. */
export function watchBanter(room: WatchableRoom, handlers: BanterHandlers = {}): BanterWatch {
  const watch = new Watch(handlers, () => send(MESSAGE_TYPE, SYNC));
  // A room typed with its messages knows nothing of ours.
  const send = room.send.bind(room) as (type: string, message: string) => void;
  const onMessage = room.onMessage.bind(room) as (
    type: string,
    callback: (message: unknown) => void,
  ) => () => void;
  const unbind = onMessage(MESSAGE_TYPE, (message) => watch.receive(readEntries(message)));
  // What was sent during the drop is lost.
  const onReconnect = (): void => watch.sync();
  room.onReconnect(onReconnect);
  let stopped = false;
  return {
    lines: watch.lines,
    stop: () => {
      if (stopped) return;
      stopped = true;
      unbind();
      room.onReconnect.remove(onReconnect);
    },
  };
}

type MutableLine = { -readonly [P in keyof WatchedLine]: WatchedLine[P] } & { length: number };

class Watch {
  readonly lines = new Map<number, MutableLine>();
  readonly #handlers: BanterHandlers;
  readonly #askForSync: () => void;
  #awaitingSnapshot = false;

  constructor(handlers: BanterHandlers, askForSync: () => void) {
    this.#handlers = handlers;
    this.#askForSync = askForSync;
  }

  sync(): void {
    this.#awaitingSnapshot = true;
    this.#askForSync();
  }

  /** A handler that throws does not keep the others from their entries; it throws at the end. */
  receive(entries: readonly Entry[]): void {
    const errors: unknown[] = [];
    for (const entry of entries) {
      try {
        this.#apply(entry);
      } catch (error) {
        errors.push(error);
      }
    }
    if (errors.length > 0) throw errors[0];
  }

  #apply(entry: Entry): void {
    switch (entry[0]) {
      case BEGIN: {
        const [, id, npc, source] = entry;
        const line: MutableLine = { id, npc, source, text: "", end: undefined, length: 0 };
        this.lines.set(id, line);
        return this.#handlers.onBegin?.(line);
      }
      case TEXT:
        return this.#text(entry[1], entry[2], entry[3]);
      case END: {
        const [, id, , reason, ttftMs, displayMs] = entry;
        return this.#end(id, { reason, ttftMs: ttftMs ?? undefined, displayMs });
      }
      case SNAPSHOT:
        this.#awaitingSnapshot = false;
        this.lines.clear();
        for (const [id, npc, source, text, end] of entry[1]) {
          const [reason, ttftMs, displayMs] = end ?? [];
          this.lines.set(id, {
            id,
            npc,
            source,
            text,
            end: reason && { reason, ttftMs: ttftMs ?? undefined, displayMs: displayMs ?? 0 },
            length: countCodePoints(text),
          });
        }
        return this.#handlers.onSnapshot?.([...this.lines.values()]);
    }
  }

  #text(id: number, offset: number, text: string): void {
    const line = this.lines.get(id);
    if (!line || line.end || line.length !== offset) return this.#gap();
    line.text += text;
    line.length += countCodePoints(text);
    this.#handlers.onText?.(line, text);
  }

  #end(id: number, end: WatchedEnd): void {
    const line = this.lines.get(id);
    if (!line || line.end) return this.#gap();
    line.end = end;
    this.#forget(line);
    this.#handlers.onEnd?.(line as MutableLine & { end: WatchedEnd });
  }

  /** Something is missing. One request is enough until its answer is there. */
  #gap(): void {
    if (!this.#awaitingSnapshot) this.sync();
  }

  /** Not the one that has just ended, however long ago it began. */
  #forget(justEnded: MutableLine): void {
    const ended = [...this.lines.values()].filter((line) => line.end && line !== justEnded);
    for (const line of ended.slice(0, 1 - MAX_ENDED_LINES)) this.lines.delete(line.id);
  }
}

function countCodePoints(text: string): number {
  return Array.from(text).length;
}
