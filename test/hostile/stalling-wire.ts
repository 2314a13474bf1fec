import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";

/** A TCP proxy behind which a client stops reading, as one on a train does in a tunnel. */
export interface StallingWire {
  readonly port: number;
  /** From now on nothing that the server sends is read, on any connection. */
  stall(): void;
  /** Reads on. */
  flow(): void;
  close(): void;
}

export async function openStallingWire(targetPort: number): Promise<StallingWire> {
  const pairs = new Set<{ readonly near: Socket; readonly far: Socket }>();
  const server = createServer((near) => {
    const far = connect(targetPort, "127.0.0.1");
    const pair = { near, far };
    pairs.add(pair);
    near.pipe(far).pipe(near);
    for (const socket of [near, far]) {
      // Whichever end goes, the other goes with it.
      socket.on("error", () => {});
      socket.on("close", () => {
        pairs.delete(pair);
        near.destroy();
        far.destroy();
      });
    }
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    stall() {
      for (const { near, far } of pairs) far.unpipe(near).pause();
    },
    flow() {
      for (const { near, far } of pairs) far.pipe(near);
    },
    close() {
      server.close();
      for (const { near } of pairs) near.destroy();
    },
  };
}
