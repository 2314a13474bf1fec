import { isIP, type LookupFunction } from "node:net";
import type { Clock } from "@banterwire/protocol";
import type { Dispatcher } from "undici";
import { CONNECT_TIMEOUT_MS } from "../config.ts";
import { MAX_SLOTS } from "../config/endpoint-rows.ts";
import { LOAD_TIMEOUT_MS } from "../policy/care.ts";
import { hostCacheTokens } from "./kv-memory.ts";
import { chooseModel, type ModelChoice } from "./model-choice.ts";
import { KEEP_ALIVE_FOREVER, type RunnerOptions } from "./ollama-chat.ts";
import { OllamaControl, RefusedError } from "./ollama-control.ts";
import { SpareSockets } from "./spare-sockets.ts";
import { loadFailed, TroubleError } from "./trouble.ts";
import { Pool } from "./undici.ts";

/** A connected engine with its model loaded: everything that changes when it comes back. */
export interface Engine {
  readonly origin: string;
  readonly pool: Dispatcher;
  readonly control: OllamaControl;
  readonly spares: SpareSockets;
  readonly engineVersion: string;
  readonly choice: ModelChoice;
  readonly runnerOptions: RunnerOptions;
  /** Tokens of prompts that it keeps beside those in its slots. */
  readonly hostCacheTokens: number;
}

/** Where requests to an origin go. */
export type Connect = (origin: string) => Dispatcher;

/**
 * Connections beside the slots, opened only when they are needed: an abort costs its connection,
 * and control calls need one.
 */
const SPARE_CONNECTIONS = 4;
const KEEP_ALIVE_MS = 60_000;

/** How to reach an Ollama, beside its origin. */
export interface Route {
  /** Connects to this one of the addresses of its name; which is still who is spoken to. */
  readonly address?: string | undefined;
  /** The Authorization header, whole, for a proxy before it. */
  readonly authorization?: string | undefined;
  /** The certificates to trust, PEM, in place of the usual ones. */
  readonly ca?: string | undefined;
}

/** Real connections, kept open; every other clock is the sidecar's own. */
export function connectPool({ address, authorization, ca }: Route = {}): Connect {
  const connect = {
    timeout: CONNECT_TIMEOUT_MS,
    ...(ca !== undefined && { ca }),
    ...(address !== undefined && { lookup: lookupOf(address) }),
  };
  return (origin) => {
    const pool = new Pool(origin, {
      connections: MAX_SLOTS + SPARE_CONNECTIONS,
      pipelining: 1,
      keepAliveTimeout: KEEP_ALIVE_MS,
      connect,
      headersTimeout: 0,
      bodyTimeout: 0,
    });
    if (authorization === undefined) return pool;
    return pool.compose(
      (dispatch) => (options, handler) =>
        dispatch({ ...options, headers: { ...asRecord(options.headers), authorization } }, handler),
    );
  };
}

/** Says of any name that it stands for this address. */
function lookupOf(address: string): LookupFunction {
  const family = isIP(address);
  return (_name, { all }, callback) => {
    if (all === true) callback(null, [{ address, family }]);
    else callback(null, address, family);
  };
}

/** Ours are always a record. */
function asRecord(headers: Dispatcher.DispatchOptions["headers"]): Record<string, string> {
  return { ...(headers as Record<string, string> | undefined) };
}

export interface LoadParts {
  readonly origin: string;
  readonly pool: Dispatcher;
  readonly wantedModel: string | undefined;
  /** Whether it may keep prompts beside those in its slots. */
  readonly hasHostCache: boolean;
  readonly clock: Clock;
  /** Ends every call that is under way. */
  readonly signal: AbortSignal;
  /** The model is chosen; loading it may take seconds. */
  readonly onLoading: (model: string) => void;
}

/**
 * Finds out who is there, chooses a model and loads it.
 * @throws TroubleError, or whatever the connection failed with
 */
export async function loadEngine(parts: LoadParts): Promise<Engine> {
  const { origin, wantedModel, clock, signal } = parts;
  const link = linkTo(origin, parts.pool, signal, clock);
  const { control } = link;
  const engineVersion = await control.version();
  const choice = await chooseModel(control, origin, wantedModel, Date.now());
  parts.onLoading(choice.model);
  const runnerOptions = await loadModel(control, choice);
  const cacheTokens = parts.hasHostCache
    ? await hostCacheTokens(control, engineVersion, choice.model)
    : 0;
  return {
    origin,
    ...link,
    engineVersion,
    choice,
    runnerOptions,
    hostCacheTokens: cacheTokens,
  };
}

/** How an engine is spoken to. */
type Link = Pick<Engine, "pool" | "control" | "spares">;

/** @param signal ends every call that is under way */
export function linkTo(origin: string, pool: Dispatcher, signal: AbortSignal, clock: Clock): Link {
  const control = new OllamaControl(origin, pool, signal, clock);
  return { pool, control, spares: new SpareSockets(pool, () => control.version()) };
}

/** Loads the model and freezes the runner options that it now has. */
async function loadModel(control: OllamaControl, choice: ModelChoice): Promise<RunnerOptions> {
  const adopted = choice.contextLength === undefined ? {} : { num_ctx: choice.contextLength };
  await loadFor(control, choice.model, adopted);
  if (choice.contextLength !== undefined) return Object.freeze(adopted);
  const resident = (await control.resident()).find(({ name }) => name === choice.model);
  const contextLength = resident?.context_length;
  return Object.freeze(contextLength === undefined ? {} : { num_ctx: contextLength });
}

/** Waits until the Ollama that answered a moment ago has the model in memory, whoever loads it. */
export function awaitModel({ control, choice, runnerOptions }: Engine): Promise<void> {
  return loadFor(control, choice.model, runnerOptions, LOAD_TIMEOUT_MS);
}

async function loadFor(
  control: OllamaControl,
  model: string,
  options: RunnerOptions,
  timeoutMs?: number,
): Promise<void> {
  try {
    await control.load(model, options, KEEP_ALIVE_FOREVER, timeoutMs);
  } catch (error) {
    if (!(error instanceof RefusedError)) throw error;
    throw new TroubleError(loadFailed(model, error.why));
  }
}
