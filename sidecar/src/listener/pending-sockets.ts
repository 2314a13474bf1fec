import type { Socket } from "node:net";

/**
 * The sockets that have not become a WebSocket yet: handshakes under way, operators' pages, and
 * whoever connects and says nothing. At the bound the one that came first is dropped for the one
 * that comes: an honest peer needs a moment, so who has waited longest has the least to lose.
 */
export class PendingSockets {
  readonly #max: number;
  /** In the order in which they came. */
  readonly #sockets = new Set<Socket>();

  constructor(max: number) {
    this.#max = max;
  }

  get size(): number {
    return this.#sockets.size;
  }

  add(socket: Socket): void {
    const [oldest] = this.#sockets;
    if (oldest && this.#sockets.size >= this.#max) {
      this.#sockets.delete(oldest);
      oldest.destroy();
    }
    this.#sockets.add(socket);
    socket.once("close", () => this.#sockets.delete(socket));
  }

  destroyAll(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  /** The socket carries a WebSocket now. */
  remove(socket: Socket): void {
    this.#sockets.delete(socket);
  }
}
