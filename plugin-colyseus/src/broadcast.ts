import { type Client, ClientState, getMessageBytes, Protocol, type Room } from "@colyseus/core";
import type { Line, LineResult } from "@banterwire/protocol/client";
import { type Delivery, keepUp } from "./keeping-up.ts";
import { Transcript } from "./transcript.ts";
import { type Entry, MESSAGE_TYPE } from "./wire.ts";

/** Text that is not the first of its line waits this long for more, of all lines of the room. */
export const FLUSH_MS = 40;

/**
 * Brings what NPCs say to the clients of a room. A frame costs more than its bytes, so the text of
 * all lines travels together, encoded once; only the first words of a line go at once.
 */
export class Broadcast {
  readonly #room: Pick<Room, "clients">;
  readonly #trouble: (why: string) => void;
  readonly #transcript = new Transcript();
  /** Session ids of clients that are owed a snapshot; those who left are struck off. */
  readonly #behind = new Set<string>();
  #timer: NodeJS.Timeout | undefined;
  #leadingEdge = false;
  #closed = false;

  constructor(room: Pick<Room, "clients">, trouble: (why: string) => void) {
    this.#room = room;
    this.#trouble = trouble;
  }

  text(line: Line, offset: number, text: string): void {
    const isFirst = this.#transcript.text(line, offset, text);
    this.#arm();
    if (isFirst) this.#flushSoon();
  }

  end(line: Line, result: LineResult): void {
    this.#transcript.end(line, result);
    this.#arm();
  }

  /** Owes a client everything; it gets it with the next flush that it can take. */
  sync(client: Client): void {
    this.#behind.add(client.sessionId);
    this.#arm();
  }

  /** A client that has just joined knows nothing. */
  joined(client: Client): void {
    if (!this.#transcript.isEmpty) this.sync(client);
  }

  close(): void {
    this.#closed = true;
    this.#disarm();
  }

  /** In the same turn of the loop, so that a line that begins and ends at once is one frame. */
  #flushSoon(): void {
    if (this.#leadingEdge) return;
    this.#leadingEdge = true;
    queueMicrotask(() => {
      this.#leadingEdge = false;
      this.#flush();
    });
  }

  #arm(): void {
    if (this.#closed) return;
    this.#timer ??= setInterval(() => {
      if (this.#transcript.isLive || this.#behind.size > 0) this.#flush();
      else this.#disarm();
    }, FLUSH_MS).unref();
  }

  #disarm(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  /** Never throws: it runs in timers, where a throw would end the game's process. */
  #flush(): void {
    if (this.#closed) return;
    const changes = this.#transcript.takeChanges();
    const batch = changes.length === 0 ? undefined : lazily(() => encode(changes));
    const snapshot = lazily(() => encode([this.#transcript.snapshot()]));
    for (const id of this.#behind) if (!this.#room.clients.get(id)) this.#behind.delete(id);
    for (const client of this.#room.clients) {
      try {
        const delivery = this.#deliveryTo(client);
        if (delivery === "snapshot") client.enqueueRaw(snapshot());
        else if (delivery === "changes" && batch) client.enqueueRaw(batch());
      } catch (error) {
        this.#trouble(`could not send to the client ${client.sessionId}: ${String(error)}`);
      }
    }
  }

  #deliveryTo(client: Client): Delivery {
    const { sessionId } = client;
    const { standing, delivery } = keepUp(this.#behind.has(sessionId) ? "behind" : "current", {
      isJoined: client.state === ClientState.JOINED,
      bufferedBytes: bufferedBytesOf(client),
    });
    if (standing === "behind") this.#behind.add(sessionId);
    else this.#behind.delete(sessionId);
    return delivery;
  }
}

/** What its transport has taken and the network has not; 0 where the transport does not tell. */
function bufferedBytesOf(client: Client): number {
  const { bufferedAmount = 0 } = client.ref as { readonly bufferedAmount?: number };
  return bufferedAmount;
}

function encode(entries: readonly Entry[]): Uint8Array {
  return getMessageBytes.raw(Protocol.ROOM_DATA, MESSAGE_TYPE, entries);
}

function lazily<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => (made ??= { value: make() }).value;
}
