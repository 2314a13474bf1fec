import { isDeepStrictEqual } from "node:util";
import { type Clock, PRIORITIES } from "@banterwire/protocol";
import { EMBEDDED_SLOTS, MAX_WAITING_CUES, type SidecarConfig, ZOMBIE_HOLD_MS } from "../config.ts";
import { EmbeddedOllama } from "../embedded.ts";
import type { Observe } from "../happening.ts";
import type { Log } from "../log.ts";
import { choosePlaces, namedPlaces, type Place } from "../place.ts";
import { Endpoint } from "../upstream/endpoint.ts";
import type { EndpointStatus } from "../upstream/endpoint-state.ts";
import { connectPool } from "../upstream/engine.ts";
import { Fleet } from "../upstream/fleet.ts";
import type { MemberSpec } from "../upstream/fleet-member.ts";

export interface EngineParts {
  readonly log: Log;
  readonly clock: Clock;
  readonly observe: Observe;
  readonly hedges?: boolean;
}

export interface NamedEndpointStatus extends EndpointStatus {
  readonly name: string;
  readonly kind: Place["kind"];
}

/** The engines that serve: which ones, and how a reload of the configuration changes them. */
export class Engine {
  readonly upstream: Fleet;
  readonly #parts: EngineParts;
  readonly #placeOf = new WeakMap<Endpoint, Place>();
  readonly #embedded = new Set<EmbeddedOllama>();
  #wish: SidecarConfig;
  #places: readonly Place[];

  constructor(parts: EngineParts, config: SidecarConfig, places: readonly Place[]) {
    this.#parts = parts;
    this.#wish = config;
    this.#places = places;
    this.upstream = new Fleet(
      places.map((place, at) => this.#specOf(place, at, this.#createEndpoint(place))),
      parts,
    );
  }

  /** Decides which engines serve; `upstream.start()` brings them up. */
  static async choose(config: SidecarConfig, parts: EngineParts): Promise<Engine> {
    return new Engine(parts, config, await choosePlaces(config, parts.log));
  }

  /** Of those that lines come from, then of those that are to join them. */
  get status(): [NamedEndpointStatus, ...NamedEndpointStatus[]] {
    const [first, ...others] = this.upstream.members;
    return [this.#statusOf(first), ...others.map((member) => this.#statusOf(member))];
  }

  /**
   * Slots change at once. Another engine or model takes over once it is warm: resolves when that
   * has begun, or when nothing is to change.
   */
  async reconfigure(config: SidecarConfig): Promise<void> {
    const before = this.#wish;
    this.#wish = config;
    const places = isSameSearch(before, config)
      ? this.#places.map((place) => resized(place, config.slots))
      : await choosePlaces(config, this.#parts.log);
    // A newer wish came while this one looked around.
    if (this.#wish !== config || isDeepStrictEqual(places, this.#places)) return;
    this.#places = places;
    const free = new Set(this.upstream.members.map(({ endpoint }) => endpoint));
    const specs = places.map((place, at) => {
      const known = [...free].find((endpoint) => this.#isAt(endpoint, place));
      if (known) free.delete(known);
      else this.#tellOf(place);
      return this.#specOf(place, at, known ?? this.#createEndpoint(place));
    });
    for (const { endpoint, slots } of specs) endpoint.resize(slots);
    this.upstream.become(specs);
  }

  async close(): Promise<void> {
    // All at once: an endpoint may be waiting for an embedded model that never starts.
    const embedded = Array.from(this.#embedded, (child) => child.stop());
    await Promise.all([this.upstream.close(), ...embedded]);
  }

  #statusOf({ endpoint, name }: MemberSpec): NamedEndpointStatus {
    const kind = this.#placeOf.get(endpoint)?.kind ?? "ollama";
    return { name, kind, ...endpoint.status };
  }

  /** Without what is secret. */
  #tellOf(place: Place): void {
    const { kind } = place;
    const where = kind === "ollama" ? { kind, origin: place.url, model: place.model } : { kind };
    this.#parts.log.info(where, "another endpoint is brought up");
  }

  #specOf(place: Place, at: number, endpoint: Endpoint): MemberSpec {
    this.#placeOf.set(endpoint, place);
    const isFirst = at === 0;
    if (place.kind === "embedded") {
      const [name, slots] = [place.kind, EMBEDDED_SLOTS];
      return { endpoint, name, place: name, slots, serves: PRIORITIES, characters: [] };
    }
    const { url, model, slots, serves, characters } = place;
    return {
      endpoint,
      name: isFirst ? "ollama" : `ollama-${at + 1}`,
      place: `${url} ${model ?? ""}`,
      slots,
      serves,
      characters,
    };
  }

  #createEndpoint(place: Place): Endpoint {
    const { clock, observe } = this.#parts;
    const common = { maxWaiting: MAX_WAITING_CUES, clock, observe };
    if (place.kind === "embedded") {
      return new Endpoint({
        ...common,
        promptStyle: "bare",
        locate: this.#embeddedLocator(),
        wantedModel: undefined,
        slots: EMBEDDED_SLOTS,
        // It frees a sequence at once, and keeps no prompts beside those in its slots.
        zombieHoldMs: 0,
        hasHostCache: false,
      });
    }
    const { url, model, slots, authorization, ca } = place;
    return new Endpoint({
      ...common,
      promptStyle: "instructed",
      locate: () => Promise.resolve(url),
      wantedModel: model,
      slots,
      zombieHoldMs: ZOMBIE_HOLD_MS,
      hasHostCache: true,
      connect: connectPool({ authorization, ca }),
    });
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

  /** Whether an endpoint is what is wished: no name means any model that can chat. */
  #isAt(endpoint: Endpoint, place: Place): boolean {
    const now = this.#placeOf.get(endpoint);
    if (place.kind === "embedded" || now?.kind !== "ollama") return place.kind === now?.kind;
    const isSamePlace =
      place.url === now.url && place.authorization === now.authorization && place.ca === now.ca;
    if (!isSamePlace) return false;
    const { model: serving } = endpoint.status;
    if (serving === null) return place.model === now.model;
    return place.model === undefined || isNameOf(serving, place.model);
  }
}

function isNameOf(serving: string, wanted: string): boolean {
  return serving === wanted || serving === `${wanted}:latest`;
}

/** Whether nobody is named, and what was found is what would be looked for again. */
function isSameSearch(a: SidecarConfig, b: SidecarConfig): boolean {
  const isNamed = namedPlaces(a).length > 0 || namedPlaces(b).length > 0;
  return !isNamed && a.ollamaHost === b.ollamaHost && a.model === b.model;
}

function resized(place: Place, slots: number): Place {
  return place.kind === "ollama" ? { ...place, slots } : place;
}
