import type { Clock } from "@banterwire/protocol";
import { EMBEDDED_SLOTS, MAX_WAITING_CUES, type SidecarConfig, ZOMBIE_HOLD_MS } from "../config.ts";
import { EmbeddedOllama } from "../embedded.ts";
import type { Observe } from "../happening.ts";
import type { Log } from "../log.ts";
import { choosePlace, type Place } from "../place.ts";
import { Endpoint } from "../upstream/endpoint.ts";
import type { EndpointStatus } from "../upstream/endpoint-state.ts";
import { UpstreamSwitch } from "../upstream/switch.ts";

export interface EngineParts {
  readonly log: Log;
  readonly clock: Clock;
  readonly observe: Observe;
}

/** The settings that say which engine serves. */
type Wish = Pick<SidecarConfig, "ollama" | "ollamaHost" | "model">;

/** The engine that serves: which one it is, and how a reload of the configuration changes it. */
export class Engine {
  readonly upstream: UpstreamSwitch;
  readonly #parts: EngineParts;
  readonly #places = new WeakMap<Endpoint, Place>();
  readonly #embedded = new Set<EmbeddedOllama>();
  #wish: Wish;

  constructor(parts: EngineParts, config: SidecarConfig, place: Place) {
    this.#parts = parts;
    this.#wish = config;
    this.upstream = new UpstreamSwitch(this.#createEndpoint(place, config));
  }

  /** Decides which engine serves; `upstream.start()` brings it up. */
  static async choose(config: SidecarConfig, parts: EngineParts): Promise<Engine> {
    return new Engine(parts, config, await choosePlace(config, parts.log));
  }

  get status(): EndpointStatus & { readonly kind: Place["kind"] } {
    const { current } = this.upstream;
    return { kind: this.#placeOf(current).kind, ...current.status };
  }

  /**
   * Slots change at once. Another engine or model takes over once it is warm: resolves when that
   * has begun, or when nothing is to change.
   */
  async reconfigure(config: SidecarConfig): Promise<void> {
    this.#resize(config.slots);
    const wish: Wish = config;
    if (isSameWish(wish, this.#wish)) return;
    this.#wish = wish;
    const place = await choosePlace(config, this.#parts.log);
    // A newer wish came while this one looked around.
    if (this.#wish !== wish) return;
    if (this.#isServedAt(place, config.model)) return this.upstream.callOff();
    this.#parts.log.info({ ...place, model: config.model }, "another endpoint is brought up");
    this.upstream.replaceBy(this.#createEndpoint(place, config));
  }

  async close(): Promise<void> {
    // All at once: an endpoint may be waiting for an embedded model that never starts.
    const embedded = Array.from(this.#embedded, (child) => child.stop());
    await Promise.all([this.upstream.close(), ...embedded]);
  }

  #createEndpoint(place: Place, config: SidecarConfig): Endpoint {
    const { clock, observe } = this.#parts;
    const isEmbedded = place.kind === "embedded";
    const endpoint = new Endpoint({
      promptStyle: isEmbedded ? "bare" : "instructed",
      locate: isEmbedded ? this.#embeddedLocator() : () => Promise.resolve(place.origin),
      wantedModel: config.model,
      slots: isEmbedded ? EMBEDDED_SLOTS : config.slots,
      maxWaiting: MAX_WAITING_CUES,
      // The embedded engine frees a sequence at once.
      zombieHoldMs: isEmbedded ? 0 : ZOMBIE_HOLD_MS,
      hasHostCache: !isEmbedded,
      clock,
      observe,
    });
    this.#places.set(endpoint, place);
    return endpoint;
  }

  /** A child of the endpoint's own, which ends with it. */
  #embeddedLocator(): (signal: AbortSignal) => Promise<string> {
    const { log, clock } = this.#parts;
    const embedded = new EmbeddedOllama(log, clock);
    const stop = (): void => {
      void embedded.stop().then(() => this.#embedded.delete(embedded));
    };
    return (signal) => {
      if (!this.#embedded.has(embedded)) signal.addEventListener("abort", stop, { once: true });
      this.#embedded.add(embedded);
      return embedded.locate();
    };
  }

  #resize(slots: number): void {
    for (const endpoint of [this.upstream.current, this.upstream.next]) {
      if (endpoint && this.#placeOf(endpoint).kind === "ollama") endpoint.resize(slots);
    }
  }

  /** Whether the current endpoint is what is wished: no name means any model that can chat. */
  #isServedAt(place: Place, model: string | undefined): boolean {
    const { current } = this.upstream;
    const now = this.#placeOf(current);
    if (place.kind === "embedded" || now.kind === "embedded") return place.kind === now.kind;
    const { model: serving } = current.status;
    if (place.origin !== now.origin || serving === null) return false;
    return model === undefined || serving === model || serving === `${model}:latest`;
  }

  #placeOf(endpoint: Endpoint): Place {
    const place = this.#places.get(endpoint);
    if (!place) throw new Error("an endpoint that was not made here");
    return place;
  }
}

function isSameWish(a: Wish, b: Wish): boolean {
  return a.ollama === b.ollama && a.ollamaHost === b.ollamaHost && a.model === b.model;
}
