import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { decodeDown, type Down, SUBPROTOCOL, type UnknownMessage } from "@banterwire/protocol";

const REQUEST = [
  "GET / HTTP/1.1",
  "Host: sidecar",
  "Connection: Upgrade",
  "Upgrade: websocket",
  "Sec-WebSocket-Version: 13",
  "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==",
  `Sec-WebSocket-Protocol: ${SUBPROTOCOL}`,
  "\r\n",
].join("\r\n");
const LET_IN = "HTTP/1.1 101 ";
const CLOSE = 8;
const CLOSED_WITHOUT_WORD = 1006;

/** One WebSocket frame as a client sends it; its mask is of zeros. */
export function frameOf(payload: Uint8Array, opcode = 2, fin = true): Buffer {
  const { length } = payload;
  const extended = length < 126 ? 0 : length < 65_536 ? 2 : 8;
  const frame = Buffer.alloc(2 + extended + 4 + length);
  frame[0] = (fin ? 0x80 : 0) | opcode;
  frame[1] = 0x80 | (extended === 0 ? length : extended === 2 ? 126 : 127);
  if (extended === 2) frame.writeUInt16BE(length, 2);
  if (extended === 8) frame.writeBigUInt64BE(BigInt(length), 2);
  frame.set(payload, 2 + extended + 4);
  return frame;
}

/**
 * A game's connection by hand: it writes what bytes it likes, the first of them together with its
 * handshake, and costs next to nothing.
 */
export class RawGame {
  readonly socket: Socket;
  /** Resolves with the code in the sidecar's close, 1006 where the socket ended without one. */
  readonly closed: Promise<number>;
  readonly #onMessage: (message: Down | UnknownMessage) => void;
  #unread: Buffer = Buffer.alloc(0);
  #isOpen = false;
  #code = CLOSED_WITHOUT_WORD;

  /** @throws Error in `closed` if the sidecar does not let it in */
  constructor(
    port: number,
    first: readonly Uint8Array[],
    onMessage: (message: Down | UnknownMessage) => void,
  ) {
    this.#onMessage = onMessage;
    this.socket = connect({ port, host: "127.0.0.1", noDelay: true });
    this.socket.on("error", () => {});
    this.socket.on("data", (bytes: Buffer) => this.#read(bytes));
    this.socket.write(Buffer.concat([Buffer.from(REQUEST), ...first]));
    this.closed = once(this.socket, "close").then(() => {
      if (!this.#isOpen) throw new Error(`not let in: ${this.#unread.toString()}`);
      return this.#code;
    });
    // Looked at by whoever cares.
    this.closed.catch(() => {});
  }

  #read(bytes: Buffer): void {
    this.#unread = Buffer.concat([this.#unread, bytes]);
    if (!this.#isOpen) {
      const end = this.#unread.indexOf("\r\n\r\n");
      if (end < 0 || !this.#unread.toString("latin1").startsWith(LET_IN)) return;
      this.#isOpen = true;
      this.#unread = this.#unread.subarray(end + 4);
    }
    for (let next = this.#nextFrame(); next; next = this.#nextFrame()) {
      const { opcode, payload } = next;
      if (opcode === CLOSE) {
        this.#code = payload.length >= 2 ? payload.readUInt16BE() : CLOSED_WITHOUT_WORD;
        this.socket.destroy();
      } else if (opcode === 2) this.#onMessage(decodeDown(payload));
    }
  }

  #nextFrame(): { readonly opcode: number; readonly payload: Buffer } | undefined {
    const unread = this.#unread;
    if (unread.length < 2 || this.socket.destroyed) return undefined;
    const short = unread[1]! & 0x7f;
    // The sidecar's frames are within 64 KiB.
    const head = short < 126 ? 2 : short === 126 ? 4 : 10;
    if (unread.length < head) return undefined;
    const length =
      short < 126 ? short : short === 126 ? unread.readUInt16BE(2) : unread.readUInt32BE(6);
    if (unread.length < head + length) return undefined;
    this.#unread = unread.subarray(head + length);
    return { opcode: unread[0]! & 0x0f, payload: unread.subarray(head, head + length) };
  }
}
