import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";

export type Direction = "up" | "down";

/** Where the first connection breaks: after exactly so many bytes of one direction. */
export interface Cut {
  readonly direction: Direction;
  readonly afterBytes: number;
}

/** A wire to a port that breaks its first connection at a byte, and leaves those after it alone. */
export class CuttingWire {
  readonly passedBytes = { up: 0, down: 0 };
  readonly #server: Server;
  #connections = 0;
  #isCut = false;

  constructor(port: number, cut: Cut | undefined) {
    this.#server = createServer((near) => {
      const far = connect(port, "127.0.0.1");
      const isFirst = this.#connections++ === 0;
      this.#pipe(near, far, "up", isFirst ? cut : undefined);
      this.#pipe(far, near, "down", isFirst ? cut : undefined);
    });
  }

  get connections(): number {
    return this.#connections;
  }

  get isCut(): boolean {
    return this.#isCut;
  }

  async listen(): Promise<string> {
    this.#server.listen(0, "127.0.0.1");
    await once(this.#server, "listening");
    return `ws://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Takes nobody any more; resolves when those who are there have gone. */
  async close(): Promise<void> {
    this.#server.close();
    await once(this.#server, "close");
  }

  #pipe(from: Socket, to: Socket, direction: Direction, cut: Cut | undefined): void {
    from.setNoDelay(true);
    from.on("error", () => to.destroy());
    from.on("close", () => to.destroySoon());
    from.on("data", (bytes) => {
      const restBytes =
        cut?.direction === direction ? cut.afterBytes - this.passedBytes[direction] : Infinity;
      const passed = bytes.subarray(0, Math.max(0, Math.min(bytes.length, restBytes)));
      this.passedBytes[direction] += passed.length;
      if (passed.length > 0) to.write(passed);
      if (restBytes > bytes.length) return;
      this.#isCut = true;
      // What has passed arrives, and nothing after it.
      to.destroySoon();
      from.destroy();
    });
  }
}
