import { systemClock } from "@banterwire/protocol";
import { DEFAULT_CONFIG, framesPerSecondOf, MAX_PENDING_SOCKETS } from "../config.ts";
import { Listener } from "../listener.ts";
import { createLog } from "../log.ts";

/** The sidecar's own listener with nothing behind it: what it gets it sends back. */
export interface EchoListener {
  readonly url: string;
  close(): Promise<void>;
}

/** Starts one on 127.0.0.1, for whoever tests WebSockets as such. */
export async function startEchoListener(): Promise<EchoListener> {
  const listener = new Listener({
    host: "127.0.0.1",
    port: 0,
    socket: undefined,
    log: createLog("silent"),
    clock: systemClock,
    maxPendingSockets: MAX_PENDING_SOCKETS,
    admission: () => ({ ...DEFAULT_CONFIG, framesPerSecond: framesPerSecondOf(DEFAULT_CONFIG) }),
    observe: () => {},
    accept: (socket) => ({
      // What is a string leaves as text.
      receive: (bytes, isBinary) =>
        socket.send(isBinary ? bytes : (Buffer.from(bytes).toString() as unknown as Uint8Array)),
      unfinished: () => socket.close(4408, "fragment_timeout"),
      lost: () => {},
    }),
    hasOpenLines: () => false,
    page: () => Promise.resolve(undefined),
  });
  const { url } = await listener.listen();
  return { url, close: () => listener.close() };
}
