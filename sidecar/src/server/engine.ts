import { isDeepStrictEqual } from "node:util";
import { type Clock, PRIORITIES } from "@banterwire/protocol";
import {
  EMBEDDED_SEQUENCES,
  EMBEDDED_SLOTS,
  MAX_WAITING_CUES,
  type SidecarConfig,
  ZOMBIE_HOLD_MS,
} from "../config.ts";
import { MAX_ENDPOINTS } from "../config/endpoint-rows.ts";
import { EmbeddedOllama } from "../embedded.ts";
import type { Observe } from "../happening.ts";
import type { Log } from "../log.ts";
import {
  atAddresses,
  choosePlaces,
  idOf,
  machineOf,
  namedPlaces,
  nameToResolve,
  type Place,
  siteOf,
} from "../place.ts";
import { Endpoint } from "../upstream/endpoint.ts";
import type { EndpointStatus } from "../upstream/endpoint-state.ts";
import { connectPool } from "../upstream/engine.ts";
import { Fleet } from "../upstream/fleet.ts";
import type { MemberSpec } from "../upstream/fleet-member.ts";
import { type Lookup, NameWatch, systemLookup } from "./name-watch.ts";

export interface EngineParts {
  readonly log: Log;
  readonly clock: Clock;
  readonly observe: Observe;
  readonly hedges?: boolean;
  /** The system's own unless said otherwise. */
  readonly lookup?: Lookup;
}

export interface NamedEndpointStatus extends EndpointStatus {
  readonly name: string;
  readonly kind: Place["kind"];
  /** Which of the addresses of its name, where each is an endpoint; null for others. */
  readonly address: string | null;
  /** Of the characters that it is due, how many it gets now, 0 to 1. */
  readonly share: number;
}

/** What an endpoint is, and what people call it. */
interface About {
  readonly place: Place;
  readonly name: string;
}

/**
 * The engines that serve: which ones, and how a reload of the configuration, or a name that stands
 * for other addresses than before, changes them.
 */
export class Engine {
  readonly upstream: Fleet;
  readonly #parts: EngineParts;
  readonly #names: NameWatch;
  readonly #about = new WeakMap<Endpoint, About>();
  readonly #embedded = new Set<EmbeddedOllama>();
  #wish: SidecarConfig;
  /** As they were found; one of them may be several endpoints. */
  #found: readonly Place[];
  #places: readonly Place[];

  private constructor(
    parts: EngineParts,
    config: SidecarConfig,
    found: readonly Place[],
    names: NameWatch,
  ) {
    this.#parts = parts;
    this.#names = names;
    this.#wish = config;
    this.#found = found;
    this.#places = this.#placesNow;
    this.upstream = new Fleet(this.#specsOf(this.#places, []), parts);
  }

  /** Decides which engines serve; `upstream.start()` brings them up. */
  static async choose(config: SidecarConfig, parts: EngineParts): Promise<Engine> {
    let engine: Engine | undefined;
    const { lookup = systemLookup } = parts;
    const changed = (): void => {
      if (engine) engine.#follow();
    };
    const names = new NameWatch({ ...parts, lookup, changed });
    const found = await choosePlaces(config, parts.log);
    await watchNamesOf(found, names);
    engine = new Engine(parts, config, found, names);
    return engine;
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
    const found = isSameSearch(before, config)
      ? this.#found.map((place) => resized(place, config.slots))
      : await choosePlaces(config, this.#parts.log);
    if (this.#wish === config) await watchNamesOf(found, this.#names);
    // A newer wish came while this one looked around.
    if (this.#wish !== config) return;
    this.#found = found;
    this.#follow();
  }

  async close(): Promise<void> {
    this.#names.close();
    // All at once: an endpoint may be waiting for an embedded model that never starts.
    const embedded = Array.from(this.#embedded, (child) => child.stop());
    await Promise.all([this.upstream.close(), ...embedded]);
  }

  #statusOf({ endpoint, name }: MemberSpec): NamedEndpointStatus {
    const place = this.#about.get(endpoint)?.place;
    const address = (place?.kind === "ollama" ? place.address : undefined) ?? null;
    const share = this.upstream.shareOf(endpoint);
    return { name, kind: place?.kind ?? "ollama", address, share, ...endpoint.status };
  }

  get #placesNow(): readonly Place[] {
    return atAddresses(this.#found, (name) => this.#names.addressesOf(name));
  }

  /** Makes the fleet of the places of now. */
  #follow(): void {
    const places = this.#placesNow;
    if (isDeepStrictEqual(places, this.#places)) return;
    this.#places = places;
    const specs = this.#specsOf(places, this.upstream.members);
    for (const { endpoint, slots } of specs) endpoint.resize(slots);
    this.upstream.become(specs);
  }

  /** One for each place; an endpoint that is there already stays, with its name. */
  #specsOf(places: readonly Place[], members: readonly MemberSpec[]): MemberSpec[] {
    const free = new Set(members.map(({ endpoint }) => endpoint));
    const known = places.map((place) => {
      const endpoint = [...free].find((one) => this.#isAt(one, place));
      if (endpoint) free.delete(endpoint);
      return endpoint;
    });
    const taken = new Set(known.map((endpoint) => endpoint && this.#about.get(endpoint)?.name));
    return places.map((place, at) => {
      const stays = known[at];
      const name = (stays && this.#about.get(stays)?.name) ?? freeName(place, taken);
      taken.add(name);
      if (!stays && members.length > 0) this.#tellOf(place, name);
      const endpoint = stays ?? this.#createEndpoint(place);
      if (stays) this.#readmit(stays, place);
      this.#about.set(endpoint, { place, name });
      return specOf(endpoint, { place, name });
    });
  }

  /** With another header or other certificates it is the same Ollama, and has the same slots. */
  #readmit(endpoint: Endpoint, place: Place): void {
    const before = this.#about.get(endpoint);
    if (place.kind !== "ollama" || before?.place.kind !== "ollama") return;
    const { authorization, ca } = before.place;
    if (place.authorization === authorization && place.ca === ca) return;
    endpoint.reconnect(connectPool(place));
    this.#parts.log.info(
      { endpoint: before.name },
      "an endpoint is reached with other credentials",
    );
  }

  /** Without what is secret. */
  #tellOf(place: Place, name: string): void {
    const { kind } = place;
    const where =
      kind === "ollama"
        ? { kind, origin: place.url, address: place.address, model: place.model }
        : { kind };
    this.#parts.log.info({ endpoint: name, ...where }, "another endpoint is brought up");
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
        // It frees a sequence at once, and keeps no prompts beside those in its sequences.
        zombieHoldMs: 0,
        hasHostCache: false,
        sequences: EMBEDDED_SEQUENCES,
      });
    }
    const { url, model, slots } = place;
    return new Endpoint({
      ...common,
      promptStyle: "instructed",
      locate: () => Promise.resolve(url),
      wantedModel: model,
      slots,
      zombieHoldMs: ZOMBIE_HOLD_MS,
      hasHostCache: true,
      connect: connectPool(place),
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
    const now = this.#about.get(endpoint)?.place;
    if (place.kind === "embedded" || now?.kind !== "ollama") return place.kind === now?.kind;
    if (siteOf(place) !== siteOf(now)) return false;
    const { model: serving } = endpoint.status;
    if (serving === null) return place.model === now.model;
    return place.model === undefined || isNameOf(serving, place.model);
  }
}

function specOf(endpoint: Endpoint, { place, name }: About): MemberSpec {
  if (place.kind === "embedded") {
    const slots = EMBEDDED_SLOTS;
    return { endpoint, name, place: name, slots, serves: PRIORITIES, characters: [] };
  }
  const { slots, serves, characters, gpu } = place;
  const [id, site, machine] = [idOf(place), siteOf(place), machineOf(place)];
  return { endpoint, name, place: id, site, slots, serves, characters, machine, gpu };
}

/** So that one which stays keeps its name in metrics, whoever comes and goes. */
function freeName({ kind }: Place, taken: ReadonlySet<string | undefined>): string {
  if (kind === "embedded") return kind;
  let name: string = kind;
  for (let number = 2; taken.has(name); number++) name = `${kind}-${number}`;
  return name;
}

/** Resolves once each name has been looked up, or has had its time. */
function watchNamesOf(places: readonly Place[], names: NameWatch): Promise<void> {
  const resolved = places.map(nameToResolve).filter((name) => name !== undefined);
  const others = places.length - resolved.length;
  return names.watch(resolved, Math.floor((MAX_ENDPOINTS - others) / resolved.length));
}

function isNameOf(serving: string, wanted: string): boolean {
  return serving === wanted || serving === `${wanted}:latest`;
}

/** Whether nobody is named, and what was found is what would be looked for again. */
function isSameSearch(a: SidecarConfig, b: SidecarConfig): boolean {
  const isNamed = namedPlaces(a).length > 0 || namedPlaces(b).length > 0;
  const keys = ["ollamaHost", "model", "ollamaAuthorization"] as const;
  return !isNamed && keys.every((key) => a[key] === b[key]);
}

function resized(place: Place, slots: number): Place {
  return place.kind === "ollama" ? { ...place, slots } : place;
}
