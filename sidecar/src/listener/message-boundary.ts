const MAX_HEADER_BYTES = 14;
const FIRST_CONTROL_OPCODE = 8;
const FINAL_TEXT = 0x81;
const FINAL_BINARY = 0x82;
/** Control frames and fragments: an honest game sends few, and each costs as much as a message. */
export const ODD_FRAME_COUNTS_FOR = 8;

/**
 * Follows the frames in a WebSocket's incoming bytes, as far as is needed to know whether they end
 * between two messages or inside one. Control frames between fragments are no end of a message.
 */
export class MessageBoundary {
  readonly #header = Buffer.alloc(MAX_HEADER_BYTES);
  #headerBytes = 0;
  #payloadLeft = 0;
  #awaitsFragment = false;
  #completed = 0;
  #frames = 0;

  /** Frames whose header was whole; what is no whole message counts for several. */
  get frames(): number {
    return this.#frames;
  }

  /** Messages, and control frames outside of one, that have ended. */
  get completed(): number {
    return this.#completed;
  }

  /** Bytes until the frame ends whose header was the last; 0 between frames. */
  get payloadLeft(): number {
    return this.#payloadLeft;
  }

  get isInside(): boolean {
    return this.#headerBytes > 0 || this.#awaitsFragment;
  }

  push(chunk: Buffer): void {
    let at = 0;
    while (at < chunk.length) {
      if (this.#payloadLeft > 0) {
        const taken = Math.min(this.#payloadLeft, chunk.length - at);
        this.#payloadLeft -= taken;
        at += taken;
        if (this.#payloadLeft === 0) this.#endFrame();
      } else {
        this.#header[this.#headerBytes++] = chunk[at++]!;
        if (this.#headerBytes === headerLength(this.#header, this.#headerBytes)) this.#endHeader();
      }
    }
  }

  #endHeader(): void {
    const first = this.#header[0];
    const isWhole = first === FINAL_BINARY || first === FINAL_TEXT;
    this.#frames += isWhole ? 1 : ODD_FRAME_COUNTS_FOR;
    this.#payloadLeft = payloadLength(this.#header);
    if (this.#payloadLeft === 0) this.#endFrame();
  }

  #endFrame(): void {
    const first = this.#header[0]!;
    const isData = (first & 0x0f) < FIRST_CONTROL_OPCODE;
    if (isData) this.#awaitsFragment = (first & 0x80) === 0;
    this.#headerBytes = 0;
    if (!this.#awaitsFragment) this.#completed++;
  }
}

function headerLength(header: Buffer, bytes: number): number {
  if (bytes < 2) return 2;
  const second = header[1]!;
  const mask = second & 0x80 ? 4 : 0;
  const length = second & 0x7f;
  if (length < 126) return 2 + mask;
  return (length === 126 ? 4 : 10) + mask;
}

function payloadLength(header: Buffer): number {
  const length = header[1]! & 0x7f;
  if (length < 126) return length;
  return length === 126 ? header.readUInt16BE(2) : Number(header.readBigUInt64BE(2));
}
