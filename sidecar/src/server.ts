import { randomBytes } from "node:crypto";
import { type Clock, systemClock } from "@banterwire/protocol";
import {
  CONNECTION_LIMITS,
  EMBEDDED_SLOTS,
  MAX_WAITING_CUES,
  type SidecarConfig,
  ZOMBIE_HOLD_MS,
} from "./config.ts";
import { Connection } from "./connection.ts";
import { EmbeddedOllama } from "./embedded.ts";
import { Listener } from "./listener.ts";
import type { Log } from "./log.ts";
import { choosePlace, type Place } from "./place.ts";
import type { SidecarStatus } from "./status.ts";
import { RateLimit } from "./policy/rate.ts";
import { Endpoint } from "./upstream/endpoint.ts";
import { SIDECAR_VERSION } from "./version.ts";

/** A running sidecar. */
export interface Sidecar {
  /** The port it listens on. */
  readonly port: number;
  status(): SidecarStatus;
  /** Ends open lines, says good-bye to games, gives back keep-alives, stops the embedded model. */
  close(): Promise<void>;
}

/** Time for the last messages to reach the games. */
const FAREWELL_MS = 100;

/**
 * The composition root: the one place that knows which engine, sockets and clock are in use.
 * Resolves as soon as games can connect; the model gets warm after that.
 *
 * @throws StartError if the port cannot be had
 */
export async function startSidecar(
  config: SidecarConfig,
  log: Log,
  clock: Clock = systemClock,
): Promise<Sidecar> {
  const startedMs = clock.nowMs();
  const place = await choosePlace(config, log);
  const embedded = new EmbeddedOllama(log, clock);
  const endpoint = createEndpoint(config, place, embedded, log, clock);
  const connections = new Set<Connection>();
  const epoch = randomBytes(4).readUInt32LE();
  const gameRate = new RateLimit(CONNECTION_LIMITS.maxCuesPerSecondPerGame, startedMs);
  const status = (): SidecarStatus => ({
    version: SIDECAR_VERSION,
    uptimeMs: Math.round(clock.nowMs() - startedMs),
    endpoint: { kind: place.kind, ...endpoint.status },
    connections: connections.size,
    rooms: sum(connections, ({ rooms }) => rooms),
    lines: sum(connections, ({ openLines }) => openLines),
  });
  const listener = new Listener({
    ...config,
    log,
    accept(socket) {
      const connection = new Connection({
        socket,
        log,
        clock,
        upstream: endpoint,
        promptStyle: place.kind === "embedded" ? "bare" : "instructed",
        ttftBudgetMs: config.ttftBudgetMs,
        epoch,
        gameRate,
      });
      connections.add(connection);
      return {
        receive: (bytes, isBinary) => connection.receive(bytes, isBinary),
        lost() {
          connection.lost();
          connections.delete(connection);
        },
      };
    },
    page: (path) => pageAt(path, status),
  });
  const port = await listener.listen();
  endpoint.start();
  log.info({ url: `ws://${config.host}:${port}`, engine: place.kind }, "listening");
  return {
    port,
    status,
    async close() {
      for (const connection of connections) connection.drain();
      await new Promise<void>((resolve) => clock.schedule(FAREWELL_MS, resolve));
      // All at once: the endpoint may be waiting for an embedded model that never starts.
      await Promise.all([listener.close(), endpoint.close(), embedded.stop()]);
    },
  };
}

function createEndpoint(
  config: SidecarConfig,
  place: Place,
  embedded: EmbeddedOllama,
  log: Log,
  clock: Clock,
): Endpoint {
  const isEmbedded = place.kind === "embedded";
  return new Endpoint({
    locate: isEmbedded ? () => embedded.locate() : () => Promise.resolve(place.origin),
    wantedModel: config.model,
    slots: isEmbedded ? EMBEDDED_SLOTS : config.slots,
    maxWaiting: MAX_WAITING_CUES,
    // The embedded engine frees a sequence at once.
    zombieHoldMs: isEmbedded ? 0 : ZOMBIE_HOLD_MS,
    clock,
    log,
  });
}

function pageAt(
  path: string,
  status: () => SidecarStatus,
): { readonly status: number; readonly body: object } | undefined {
  switch (path) {
    case "/status":
      return { status: 200, body: status() };
    case "/healthz":
      return { status: 200, body: { alive: true } };
    case "/readyz": {
      const { state, trouble } = status().endpoint;
      return { status: state === "warm" ? 200 : 503, body: { ready: state === "warm", trouble } };
    }
    default:
      return undefined;
  }
}

function sum<T>(items: Iterable<T>, valueOf: (item: T) => number): number {
  let total = 0;
  for (const item of items) total += valueOf(item);
  return total;
}
