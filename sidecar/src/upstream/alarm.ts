import type { Clock } from "@banterwire/protocol";

/** A pause that can be cut short from elsewhere. One may pause at a time. */
export class Alarm {
  readonly #clock: Clock;
  #ring = Promise.withResolvers<void>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Ends the pause of the moment, or the next one at once. */
  raise(): void {
    this.#ring.resolve();
  }

  async pause(delayMs: number): Promise<void> {
    const cancel = this.#clock.schedule(delayMs, () => this.raise());
    await this.#ring.promise;
    cancel();
    this.#ring = Promise.withResolvers();
  }
}
