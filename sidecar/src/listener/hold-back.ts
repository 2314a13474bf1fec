import type { EventEmitter } from "node:events";

/**
 * Puts `gate` in the place of those who listen to an event now; it is handed what calls them, and
 * the event's first argument.
 */
export function holdBack(
  emitter: EventEmitter,
  event: string,
  gate: (call: () => void, argument: unknown) => void,
): void {
  const listeners = emitter.listeners(event);
  emitter.removeAllListeners(event);
  emitter.on(event, (argument: unknown) => {
    gate(() => {
      for (const listener of listeners) listener.call(emitter, argument);
    }, argument);
  });
}
