import type { Duplex } from "node:stream";
import type { Clock } from "@banterwire/protocol";
import { FramePace } from "./frame-pace.ts";
import { MessageBoundary } from "./message-boundary.ts";

export interface IncomingParts {
  /** A WebSocket's own socket. */
  readonly raw: Duplex;
  readonly clock: Clock;
  readonly messageTimeoutMs: number;
  readonly framesPerSecond: number;
  /** Stops and starts the reading. */
  pause(): void;
  resume(): void;
  /** A message was begun and has not ended in time. */
  unfinished(): void;
}

/**
 * Watches the bytes that come from a peer, before they are looked at.
 *
 * A message that has begun must end in time, however slowly its bytes keep coming: else a peer
 * could hold a half message, and its memory, for ever. And frames are read at a pace: each costs
 * the loop that all peers share, the empty ones, pings and fragments too. Whoever sends faster
 * waits in its own socket.
 */
export function watchIncoming(parts: IncomingParts): void {
  const { raw, clock, messageTimeoutMs, framesPerSecond } = parts;
  const boundary = new MessageBoundary();
  const pace = new FramePace(framesPerSecond, clock.nowMs());
  let begun: { readonly completed: number; readonly disarm: () => void } | undefined;
  let resumeEarly: (() => void) | undefined;
  const look = (chunk: Buffer): void => {
    const before = boundary.frames;
    boundary.push(chunk);
    if (begun && (begun.completed !== boundary.completed || !boundary.isInside)) {
      begun.disarm();
      begun = undefined;
    }
    if (boundary.isInside) {
      const disarm = begun?.disarm ?? clock.schedule(messageTimeoutMs, () => parts.unfinished());
      begun ??= { completed: boundary.completed, disarm };
    }
    const pauseMs = pace.pauseMs(boundary.frames - before, clock.nowMs());
    if (pauseMs === 0 || resumeEarly) return;
    parts.pause();
    resumeEarly = clock.schedule(pauseMs, () => {
      resumeEarly = undefined;
      parts.resume();
    });
  };
  raw.prependListener("data", look);
  raw.once("close", () => {
    begun?.disarm();
    resumeEarly?.();
  });
}
