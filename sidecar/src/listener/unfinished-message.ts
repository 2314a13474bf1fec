import type { Duplex } from "node:stream";
import type { Clock } from "@banterwire/protocol";
import { MessageBoundary } from "./message-boundary.ts";

/**
 * Calls `onLate` if a message that has begun on a WebSocket's raw socket has not ended after
 * `timeoutMs`, however slowly its bytes keep coming: else a peer could hold a half message, and
 * its memory, for ever.
 */
export function watchUnfinished(
  raw: Duplex,
  clock: Clock,
  timeoutMs: number,
  onLate: () => void,
): void {
  const boundary = new MessageBoundary();
  let armed: { readonly completed: number; readonly cancel: () => void } | undefined;
  const disarm = (): void => {
    armed?.cancel();
    armed = undefined;
  };
  raw.prependListener("data", (chunk: Buffer) => {
    boundary.push(chunk);
    if (armed?.completed !== boundary.completed || !boundary.isInside) disarm();
    if (boundary.isInside) {
      armed ??= { completed: boundary.completed, cancel: clock.schedule(timeoutMs, onLate) };
    }
  });
  raw.once("close", disarm);
}
