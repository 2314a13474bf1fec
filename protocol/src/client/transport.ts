import { WebSocket } from "ws";
import { LIMITS } from "../limits.ts";
import { SUBPROTOCOL } from "../version.ts";

/** What the client needs of a socket that carries whole messages. */
export interface Transport {
  send(bytes: Uint8Array): void;
  /** Starts the closing handshake. */
  close(code: number, reason: string): void;
  /** Lets go of the socket at once. */
  abort(): void;
  /** Bytes handed to `send` that the network has not taken yet. */
  readonly bufferedBytes: number;
}

/** What a transport tells. `lost` comes once, last, also when it never opened. */
export interface TransportEvents {
  opened(): void;
  received(bytes: Uint8Array): void;
  /** @param isRefused nothing listens there */
  lost(why: string, isRefused: boolean): void;
}

export type OpenTransport = (events: TransportEvents) => Transport;

const HANDSHAKE_TIMEOUT_MS = 5_000;
/** Of a port, and of a socket file without its server or not there at all. */
const REFUSALS = new Set(["ECONNREFUSED", "ENOENT"]);

/** Opens WebSockets to a sidecar at `url`, with the game's token in a header. */
export function webSocketTransport(url: string, token: string | undefined): OpenTransport {
  return (events) => {
    const socket = new WebSocket(url, SUBPROTOCOL, {
      headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
      handshakeTimeout: HANDSHAKE_TIMEOUT_MS,
      maxPayload: LIMITS.MAX_FRAME_BYTES,
      perMessageDeflate: false,
    });
    let why = "";
    let isRefused = false;
    socket.on("open", () => events.opened());
    socket.on("message", (data) => {
      if (Buffer.isBuffer(data)) events.received(data);
    });
    socket.on("error", (error: NodeJS.ErrnoException) => {
      why = error.message;
      isRefused = REFUSALS.has(error.code ?? "");
    });
    socket.on("close", (code, reason) => {
      events.lost(why || `closed with code ${code} ${reason.toString()}`.trim(), isRefused);
    });
    return {
      send: (bytes) => socket.send(bytes, ignoreSendError),
      close: (code, reason) => socket.close(code, reason),
      abort: () => socket.terminate(),
      get bufferedBytes() {
        return socket.bufferedAmount;
      },
    };
  };
}

/** A send that fails is followed by `close`, which tells the client. */
function ignoreSendError(): void {}
