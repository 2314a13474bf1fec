import type { Failure, Generation, GenerationEvents } from "./upstream.ts";

/** Who judges an engine by what its generations tell. */
export interface GenerationWatcher {
  /** It had a chunk, or its end. */
  answered(): void;
  failed(failure: Failure, origin: string): void;
}

/**
 * A generation's events on their way from the engine, seen by a watcher first. One object in place
 * of a closure for each event: a token passes here.
 */
export class WatchedGeneration implements GenerationEvents {
  readonly #events: GenerationEvents;
  readonly #origin: string;
  readonly #watcher: GenerationWatcher;

  constructor(events: GenerationEvents, origin: string, watcher: GenerationWatcher) {
    this.#events = events;
    this.#origin = origin;
    this.#watcher = watcher;
  }

  sent(): void {
    this.#events.sent();
  }

  text(piece: string): void {
    this.#watcher.answered();
    this.#events.text(piece);
  }

  done(generation: Generation): void {
    this.#watcher.answered();
    this.#events.done(generation);
  }

  failed(failure: Failure): void {
    this.#watcher.failed(failure, this.#origin);
    this.#events.failed(failure);
  }
}
