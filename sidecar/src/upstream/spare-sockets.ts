import type { Dispatcher } from "undici";

/** Opens a connection in the place of each that an abort has cost, before a line needs it. */
export class SpareSockets {
  readonly #open: () => Promise<unknown>;
  /** Aborts whose connection has not gone yet. */
  #owed = 0;

  /** @param open any cheap call over the pool */
  constructor(pool: Dispatcher, open: () => Promise<unknown>) {
    this.#open = open;
    pool.on("disconnect", () => this.#refill());
  }

  /** A request is being aborted. Bound, to be a listener of many signals. */
  readonly spend = (): void => {
    this.#owed++;
  };

  #refill(): void {
    if (this.#owed === 0) return;
    this.#owed--;
    // The pool offers the place only when it has cleared up after the socket.
    setImmediate(() => {
      // An engine that is gone gets no connection; whoever watches it will notice.
      this.#open().catch(() => {});
    });
  }
}
