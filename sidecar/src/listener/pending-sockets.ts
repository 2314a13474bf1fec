import type { Socket } from "node:net";

/**
 * The sockets that have not become a WebSocket yet: handshakes under way, operators' pages, and
 * whoever connects and says nothing. At the bound the one of whom nothing has come for longest is
 * dropped for the one that comes: an honest peer needs a moment, so it has the least to lose. Those
 * that wait for us are not dropped but for the newest, where all do: where more come than are
 * served, nobody would get in any more.
 */
export class PendingSockets {
  readonly #max: number;
  /** In the order in which they came, or were served last. */
  readonly #awaited = new Set<Socket>();
  /** They have come, or have said something, and wait for their turn. */
  readonly #waiting = new Set<Socket>();

  constructor(max: number) {
    this.#max = max;
  }

  get size(): number {
    return this.#awaited.size + this.#waiting.size;
  }

  add(socket: Socket): void {
    if (this.size >= this.#max) {
      const [oldest = socket] = this.#awaited;
      this.#awaited.delete(oldest);
      oldest.destroy();
      if (oldest === socket) return;
    }
    this.#awaited.add(socket);
    socket.once("close", () => this.remove(socket));
  }

  /** It waits for its turn now. */
  waits(socket: Socket): void {
    if (this.#awaited.delete(socket)) this.#waiting.add(socket);
  }

  /** It has had its turn, and is waited for again. */
  served(socket: Socket): void {
    if (this.#waiting.delete(socket)) this.#awaited.add(socket);
  }

  destroyAll(): void {
    for (const socket of [...this.#awaited, ...this.#waiting]) socket.destroy();
  }

  /** The socket carries a WebSocket now, or is gone. */
  remove(socket: Socket): void {
    this.#awaited.delete(socket);
    this.#waiting.delete(socket);
  }
}
