import { randomBytes } from "node:crypto";
import { type Clock, DeadlineClock, systemClock } from "@banterwire/protocol";
import { framesPerSecondOf, limitsOf, MAX_PENDING_SOCKETS, type SidecarConfig } from "./config.ts";
import { Connection } from "./connection.ts";
import { Listener } from "./listener.ts";
import type { Log } from "./log.ts";
import { type Observation, startObservation } from "./observe/observation.ts";
import { PacedPage } from "./observe/paced-page.ts";
import type { SidecarStatus } from "./status.ts";
import { RateLimit } from "./policy/rate.ts";
import { Engine } from "./server/engine.ts";
import type { Lookup } from "./server/name-watch.ts";
import { SessionTable } from "./session/session-table.ts";
import { SIDECAR_VERSION } from "./version.ts";

/** Settings that are as they were at the start, whatever a reload says. */
const FIXED_KEYS = ["host", "port", "socket"] as const;
export type FixedKey = (typeof FIXED_KEYS)[number];

/** A running sidecar. */
export interface Sidecar {
  /** The port it listens on; 0 on a unix socket. */
  readonly port: number;
  /** For a WebSocket client, such as `ws://127.0.0.1:7433`. */
  readonly url: string;
  status(): SidecarStatus;
  /**
   * Takes over what can change without a restart, each setting as `config/settings.ts` says.
   * Resolves when all but another endpoint is in force, with the settings that differ and need a
   * restart; that endpoint takes over once it is warm.
   */
  reconfigure(config: SidecarConfig): Promise<readonly FixedKey[]>;
  /** Ends open lines, says good-bye to games, gives back keep-alives, stops the embedded model. */
  close(): Promise<void>;
}

export interface SidecarOptions {
  /** Without them `/metrics` is a 404: to measure what they cost. */
  readonly metrics?: boolean;
  /** Without it no line is asked for twice: to measure what that gains. */
  readonly hedges?: boolean;
  /** What names stand for, in place of the system's own word. */
  readonly lookup?: Lookup;
}

const METRICS_PATH = "/metrics";
/** A rendering takes about a millisecond; nobody scrapes more often. */
export const METRICS_EVERY_MS = 100;
/** Time for the last messages to reach the games. */
const FAREWELL_MS = 100;

/**
 * The composition root: the one place that knows which engine, sockets and clock are in use.
 * Resolves as soon as games can connect; the model gets warm after that.
 *
 * @throws StartError if the port cannot be had
 */
export async function startSidecar(
  initial: SidecarConfig,
  log: Log,
  ownClock?: Clock,
  { metrics = true, ...engineOptions }: SidecarOptions = {},
): Promise<Sidecar> {
  const clock =
    ownClock ??
    new DeadlineClock((error) => observation.observe({ kind: "faulted", connection: null, error }));
  const startedMs = clock.nowMs();
  let config = initial;
  const observation: Observation = startObservation({
    log,
    clock,
    metrics,
    showsText: () => config.logText === "shown",
    status: () => status(),
  });
  const { observe } = observation;
  const engine = await Engine.choose(config, { log, clock, observe, ...engineOptions });
  const connections = new Set<Connection>();
  const epoch = randomBytes(4).readUInt32LE();
  const gameRate = new RateLimit(config.maxCuesPerSecondPerGame, startedMs);
  const sessions = new SessionTable({
    upstream: engine.upstream,
    clock,
    observe,
    gameRate,
    cards: () => config.cards,
    limits: () => limitsOf(config),
    memory: () => config,
    resumeWindowMs: () => config.resumeWindowMs,
    maxDetached: () => config.maxDetachedSessions,
  });
  const status = (): SidecarStatus => ({
    version: SIDECAR_VERSION,
    uptimeMs: Math.round(clock.nowMs() - startedMs),
    endpoints: engine.status,
    connections: connections.size,
    detached: sessions.detached,
    rooms: sessions.rooms,
    lines: sessions.openLines,
    hitRates: observation.hitRates(),
  });
  // By the process's own time, whatever lines go by: it is its CPU that is spared.
  const metricsPage = new PacedPage(systemClock, METRICS_EVERY_MS, () =>
    observation.page(METRICS_PATH),
  );
  let accepted = 0;
  const listener = new Listener({
    ...config,
    log,
    clock,
    observe,
    maxPendingSockets: MAX_PENDING_SOCKETS,
    hasOpenLines: () => sessions.openLines > 0,
    admission: () => ({ ...config, framesPerSecond: framesPerSecondOf(config) }),
    accept(socket, game) {
      const connection = new Connection({
        socket,
        game,
        connection: ++accepted,
        sessions,
        observe,
        clock,
        ttftBudgetMs: config.ttftBudgetMs,
        epoch,
      });
      connections.add(connection);
      return {
        receive: (bytes, isBinary) => connection.receive(bytes, isBinary),
        unfinished: () => connection.unfinished(),
        lost(closeCode) {
          connection.lost(closeCode);
          connections.delete(connection);
        },
      };
    },
    page: (path) => (path === METRICS_PATH ? metricsPage.read() : observation.page(path)),
  });
  const { port, url } = await listener.listen();
  engine.upstream.start();
  log.info({ url, engine: engine.status[0]?.kind }, "listening");
  return {
    port,
    url,
    status,
    async reconfigure(next) {
      const { host, port, socket } = config;
      const kept = FIXED_KEYS.filter((key) => next[key] !== config[key]);
      config = { ...next, host, port, socket };
      log.level = config.logLevel;
      gameRate.retune(config.maxCuesPerSecondPerGame, clock.nowMs());
      sessions.recast();
      await engine.reconfigure(config);
      return kept;
    },
    async close() {
      for (const connection of connections) connection.drain();
      sessions.closeDetached();
      await new Promise<void>((resolve) => clock.schedule(FAREWELL_MS, resolve));
      await Promise.all([listener.close(), engine.close()]);
      observation.close();
    },
  };
}
