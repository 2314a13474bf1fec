import { PRIORITIES } from "@banterwire/protocol";
import type { EndpointConfig, SidecarConfig } from "./config.ts";
import type { Log } from "./log.ts";
import { connectPool } from "./upstream/engine.ts";
import { chooseModel } from "./upstream/model-choice.ts";
import { OllamaControl } from "./upstream/ollama-control.ts";
import { TroubleError } from "./upstream/trouble.ts";

interface OllamaPlace extends EndpointConfig {
  readonly kind: "ollama";
  readonly slots: number;
  /** Which of the addresses of its name; undefined where each connection looks the name up. */
  readonly address?: string | undefined;
}

/** Where lines come from, and what each place is for. */
export type Place = OllamaPlace | { readonly kind: "embedded" };

/** An Ollama that is there answers this in a millisecond. */
const PROBE_TIMEOUT_MS = 1_500;

/**
 * Decides where lines come from: the named Ollamas whatever they say; else the one at
 * `OLLAMA_HOST` if it answers and can chat, or if a model was named that only an Ollama can have;
 * else the embedded one.
 */
export async function choosePlaces(config: SidecarConfig, log: Log): Promise<readonly Place[]> {
  const named = namedPlaces(config);
  if (named.length > 0) return named;
  const place = anyFor(config, config.ollamaHost);
  if (config.model !== undefined) return [place];
  const dispatcher = connectPool({ authorization: place.authorization })(place.url);
  try {
    const { url } = place;
    const control = new OllamaControl(url, dispatcher, AbortSignal.timeout(PROBE_TIMEOUT_MS));
    await control.version();
    await chooseModel(control, url, undefined, Date.now());
    return [place];
  } catch (error) {
    if (error instanceof TroubleError) log.warn(error.trouble, "the embedded model serves instead");
    return [{ kind: "embedded" }];
  } finally {
    await dispatcher.destroy();
  }
}

/** The Ollamas that a configuration names. */
export function namedPlaces(config: SidecarConfig): readonly OllamaPlace[] {
  if (config.endpoints.length === 0) return config.ollama.map((url) => anyFor(config, url));
  return config.endpoints.map((row) => ({
    kind: "ollama",
    ...row,
    model: row.model ?? config.model,
    slots: row.slots ?? config.slots,
    authorization: row.authorization ?? config.ollamaAuthorization,
  }));
}

/** One that is for every cue. */
function anyFor(config: SidecarConfig, url: string): OllamaPlace {
  const { model, slots, ollamaAuthorization: authorization } = config;
  return { kind: "ollama", url, model, slots, serves: PRIORITIES, characters: [], authorization };
}

/** The name of a place that is as many endpoints as the name has addresses; undefined for others. */
export function nameToResolve(place: Place): string | undefined {
  const isMany = place.kind === "ollama" && place.resolve === "all";
  return isMany ? new URL(place.url).hostname : undefined;
}

/** With each address in its own place; one without any stays, to be found by its name. */
export function atAddresses(
  places: readonly Place[],
  addressesOf: (name: string) => readonly string[],
): readonly Place[] {
  return places.flatMap((place) => {
    const name = nameToResolve(place);
    const addresses = name === undefined ? [] : addressesOf(name);
    if (addresses.length === 0) return [place];
    return addresses.map((address) => Object.assign({}, place, { address }));
  });
}

/** The same after a restart, and at every sidecar: what decides who is at home there. */
export function idOf({ url, address, model }: OllamaPlace): string {
  return [url, ...(address === undefined ? [] : [address]), model ?? ""].join(" ");
}

/** Whose slots it takes. */
export function siteOf({ url, address = "" }: OllamaPlace): string {
  return `${url} ${address}`;
}

/** Which host it is on, however that calls itself. */
export function machineOf({ url, address }: OllamaPlace): string {
  const host = address ?? new URL(url).hostname;
  return /^(?:127\.\d+\.\d+\.\d+|::1|\[::1\])$/u.test(host) ? "this machine" : host;
}
