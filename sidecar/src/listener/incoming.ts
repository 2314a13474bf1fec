import type { Duplex } from "node:stream";
import type { Clock } from "@banterwire/protocol";
import { FramePace } from "./frame-pace.ts";
import { MessageBoundary } from "./message-boundary.ts";
import type { Turns } from "./turns.ts";

/**
 * Bytes that are handed on at once where frames may begin: a flood of tiny ones is read in portions.
 * A cue costs the same as in pieces of 64 KiB; of 20 that come at once each costs 6,000 instructions
 * more than its 7,800 in `ws`, and a line costs hundreds of thousands.
 */
const PIECE_BYTES = 512;
/** Of one peer in one turn of the loop; then the others have theirs. */
export const MAX_FRAMES_PER_TURN = 32;
export const MAX_READING_MS_PER_TURN = 0.25;
/** What may be under way to us when we close; who goes on sending is not read to the end. */
export const MAX_BYTES_AFTER_CLOSE = 262_144;

export interface IncomingParts {
  /** A WebSocket's own socket, which hands what it reads to that WebSocket. */
  readonly raw: Duplex;
  readonly clock: Clock;
  /** In which everybody's further portions are read. */
  readonly turns: Turns;
  readonly messageTimeoutMs: number;
  readonly framesPerSecond: number;
  /** Whether the WebSocket was closed, by whichever side. */
  isClosing(): boolean;
  /** A message was begun and has not ended in time. */
  unfinished(): void;
}

/**
 * Reads what comes from a peer, for its WebSocket and for nobody else.
 *
 * Frames cost the loop that all peers share, the empty ones, pings and fragments too: so they are
 * read in portions and at a pace. Whoever sends faster waits in its own socket; who has more than
 * one portion waits for its turn among all such peers. And a message that has begun must end in
 * time, however slowly its bytes keep coming: else a peer could hold a half message, and its memory,
 * for ever.
 */
export function readIncoming(parts: IncomingParts): void {
  const { raw, clock, turns, messageTimeoutMs, framesPerSecond } = parts;
  const boundary = new MessageBoundary();
  const pace = new FramePace(framesPerSecond, clock.nowMs());
  let begun: { readonly completed: number; readonly disarm: () => void } | undefined;
  let bytesAfterClose = 0;
  let isWaiting = false;
  let endPause: (() => void) | undefined;

  raw.prependListener("data", (chunk: Buffer) => {
    if (parts.isClosing() && (bytesAfterClose += chunk.length) > MAX_BYTES_AFTER_CLOSE) {
      raw.destroy();
    }
    boundary.push(chunk);
    if (begun && (begun.completed !== boundary.completed || !boundary.isInside)) {
      begun.disarm();
      begun = undefined;
    }
    if (!boundary.isInside || begun) return;
    const disarm = clock.schedule(messageTimeoutMs, () => parts.unfinished());
    begun = { completed: boundary.completed, disarm };
  });
  const readOn = (): boolean => {
    isWaiting = false;
    if (raw.destroyed) return false;
    readPortion();
    return true;
  };
  const readPortion = (): void => {
    if (isWaiting) return;
    const before = boundary.frames;
    const endMs = clock.nowMs() + MAX_READING_MS_PER_TURN;
    const mayReadOn = (): boolean =>
      boundary.frames - before < MAX_FRAMES_PER_TURN && clock.nowMs() < endMs;
    let read = true;
    // Who has nothing left waits for no turn: the last reading, of nothing, tells the stream so.
    while (read && (raw.readableLength === 0 || mayReadOn())) {
      // What is left of a payload has no frame in it that would have to wait.
      const bytes = Math.max(PIECE_BYTES, boundary.payloadLeft);
      // Reading emits what is read as `data`.
      read = raw.read(Math.min(bytes, raw.readableLength) || undefined) !== null;
    }
    const pauseMs = pace.pauseMs(boundary.frames - before, clock.nowMs());
    isWaiting = pauseMs > 0 || read;
    if (pauseMs > 0) endPause = clock.schedule(pauseMs, () => turns.run(readOn));
    else if (read) turns.run(readOn);
  };
  // With this listener the stream flows no more by itself.
  raw.on("readable", readPortion);
  raw.once("close", () => {
    begun?.disarm();
    endPause?.();
  });
}
