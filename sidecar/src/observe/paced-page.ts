import type { Clock } from "@banterwire/protocol";
import type { Page } from "./pages.ts";

/**
 * A page that costs: rendered once in a while, however many ask for it. Who asks sooner waits for
 * the next rendering, and shares it with all who wait; so nobody reads what is out of date.
 */
export class PacedPage {
  readonly #clock: Clock;
  readonly #everyMs: number;
  readonly #render: () => Promise<Page | undefined>;
  #next: Promise<Page | undefined> | undefined;
  /** When it may be rendered again. */
  #nextMs = -Infinity;

  constructor(clock: Clock, everyMs: number, render: () => Promise<Page | undefined>) {
    this.#clock = clock;
    this.#everyMs = everyMs;
    this.#render = render;
  }

  read(): Promise<Page | undefined> {
    const waitMs = this.#nextMs - this.#clock.nowMs();
    if (waitMs <= 0 && !this.#next) return this.#renderNow();
    this.#next ??= this.#wait(waitMs).then(() => {
      this.#next = undefined;
      return this.#renderNow();
    });
    return this.#next;
  }

  #wait(waitMs: number): Promise<void> {
    return new Promise((resolve) => this.#clock.schedule(waitMs, resolve));
  }

  #renderNow(): Promise<Page | undefined> {
    this.#nextMs = this.#clock.nowMs() + this.#everyMs;
    return this.#render();
  }
}
