import type { Duplex } from "node:stream";
import type { Clock } from "@banterwire/protocol";
import { FramePace } from "./frame-pace.ts";
import { MessageBoundary } from "./message-boundary.ts";

/**
 * Bytes that are handed on at once where frames may begin: a flood of tiny ones is read in portions.
 * A cue costs the same as in pieces of 64 KiB; of 20 that come at once each costs 6,000 instructions
 * more than its 7,800 in `ws`, and a line costs hundreds of thousands.
 */
const PIECE_BYTES = 512;
/** Frames of one peer in one turn of the loop; then the others have theirs. */
export const MAX_FRAMES_PER_TURN = 32;

export interface IncomingParts {
  /** A WebSocket's own socket, which hands what it reads to that WebSocket. */
  readonly raw: Duplex;
  readonly clock: Clock;
  readonly messageTimeoutMs: number;
  readonly framesPerSecond: number;
  /** A message was begun and has not ended in time. */
  unfinished(): void;
}

/**
 * Reads what comes from a peer, for its WebSocket and for nobody else.
 *
 * Frames cost the loop that all peers share, the empty ones, pings and fragments too: so they are
 * read in portions, one in a turn of the loop, and at a pace. Whoever sends faster waits in its own
 * socket. And a message that has begun must end in time, however slowly its bytes keep coming:
 * else a peer could hold a half message, and its memory, for ever.
 */
export function readIncoming(parts: IncomingParts): void {
  const { raw, clock, messageTimeoutMs, framesPerSecond } = parts;
  const boundary = new MessageBoundary();
  const pace = new FramePace(framesPerSecond, clock.nowMs());
  let begun: { readonly completed: number; readonly disarm: () => void } | undefined;
  let waiting: (() => void) | undefined;

  raw.prependListener("data", (chunk: Buffer) => {
    boundary.push(chunk);
    if (begun && (begun.completed !== boundary.completed || !boundary.isInside)) {
      begun.disarm();
      begun = undefined;
    }
    if (!boundary.isInside || begun) return;
    const disarm = clock.schedule(messageTimeoutMs, () => parts.unfinished());
    begun = { completed: boundary.completed, disarm };
  });
  const readOn = (): void => {
    waiting = undefined;
    readPortion();
  };
  const readPortion = (): void => {
    if (waiting) return;
    const before = boundary.frames;
    let read = true;
    while (read && boundary.frames - before < MAX_FRAMES_PER_TURN) {
      // What is left of a payload has no frame in it that would have to wait.
      const bytes = Math.max(PIECE_BYTES, boundary.payloadLeft);
      // Reading emits what is read as `data`.
      read = raw.read(Math.min(bytes, raw.readableLength) || undefined) !== null;
    }
    const pauseMs = pace.pauseMs(boundary.frames - before, clock.nowMs());
    if (pauseMs > 0) waiting = clock.schedule(pauseMs, readOn);
    else if (read) waiting = nextTurn(readOn);
  };
  // With this listener the stream flows no more by itself.
  raw.on("readable", readPortion);
  raw.once("close", () => {
    begun?.disarm();
    waiting?.();
  });
}

function nextTurn(callback: () => void): () => void {
  const immediate = setImmediate(callback);
  return () => clearImmediate(immediate);
}
