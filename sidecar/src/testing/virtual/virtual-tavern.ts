import type { Clock } from "@banterwire/protocol";
import { createClient, type Client, type Room } from "@banterwire/protocol/client";
import { FakeClock, memoryTransport } from "@banterwire/protocol/testing";
import { pino } from "pino";
import { type Cards, NO_CARDS } from "../../config/card.ts";
import {
  CONNECT_TIMEOUT_MS,
  DEFAULT_CONFIG,
  limitsOf,
  MAX_WAITING_CUES,
  ZOMBIE_HOLD_MS,
} from "../../config.ts";
import { Connection } from "../../connection.ts";
import type { Observe } from "../../happening.ts";
import type { Log } from "../../log.ts";
import { RateLimit } from "../../policy/rate.ts";
import type { SidecarStatus } from "../../status.ts";
import { SessionTable } from "../../session/session-table.ts";
import { Endpoint } from "../../upstream/endpoint.ts";
import { Fleet } from "../../upstream/fleet.ts";
import { memberOf } from "../member.ts";
import { MemoryOllama, type MemoryOllamaOptions } from "../memory-ollama.ts";
import { pass } from "./pass.ts";
import { VirtualLine } from "./virtual-line.ts";

export const BUDGET_MS = 200;
export const FALLBACK = "One moment.";
export const CLOSER = " - but I talk too much.";

/** Canaries, prefixes and the first round trip are over by then. */
const WARM_WITHIN_MS = 6_000;
/** A keep-alive is given back, to an Ollama that may take no connection. */
const GOOD_BYE_MS = CONNECT_TIMEOUT_MS + 1_000;

/** Who is told what happens: the observation of the server, handed in as the server does. */
export interface Observer {
  readonly observe: Observe;
  hitRates(): SidecarStatus["hitRates"];
  page(path: string): Promise<{ readonly body: string } | undefined>;
  close(): void;
}

export type StartObserver = (parts: {
  readonly clock: Clock;
  readonly log: Log;
  status(): SidecarStatus;
}) => Observer;

interface TavernOptions extends Omit<MemoryOllamaOptions, "clock"> {
  readonly startObserver: StartObserver;
  readonly cards?: Cards;
}

/**
 * One room of a game, a sidecar with its pages and its log, and an Ollama with one slot unless told
 * otherwise: production code but for the sockets, under one clock.
 */
export class VirtualTavern {
  readonly clock = new FakeClock(1_000);
  readonly ollama: MemoryOllama;
  readonly endpoint: Endpoint;
  readonly connection: Promise<Connection>;
  readonly client: Client;
  readonly room: Room;
  /** What the operator finds in the log at the usual level. */
  readonly log: string[] = [];
  readonly #upstream: Fleet;
  readonly #observer: Observer;

  constructor(options: TavernOptions) {
    const { clock } = this;
    const slots = options.slots ?? 1;
    this.ollama = new MemoryOllama({ ...options, slots, clock });
    this.#observer = options.startObserver({
      log: pino({ level: "info" }, { write: (line) => this.log.push(line) }),
      clock,
      status: () => this.status(),
    });
    const { observe } = this.#observer;
    this.endpoint = new Endpoint({
      promptStyle: "instructed",
      locate: () => Promise.resolve("http://127.0.0.1:11434"),
      wantedModel: undefined,
      slots,
      maxWaiting: MAX_WAITING_CUES,
      zombieHoldMs: ZOMBIE_HOLD_MS,
      hasHostCache: true,
      clock,
      observe,
      connect: this.ollama.connect,
    });
    this.#upstream = new Fleet([memberOf(this.endpoint)], { clock, observe });
    this.#upstream.start();
    const sessions = new SessionTable({
      upstream: this.#upstream,
      clock,
      observe,
      cards: () => options.cards ?? NO_CARDS,
      gameRate: new RateLimit(10_000, clock.nowMs()),
      limits: () => limitsOf(DEFAULT_CONFIG),
      memory: () => DEFAULT_CONFIG,
      resumeWindowMs: () => DEFAULT_CONFIG.resumeWindowMs,
      maxDetached: () => DEFAULT_CONFIG.maxDetachedSessions,
    });
    const { promise, resolve } = Promise.withResolvers<Connection>();
    this.connection = promise;
    const openTransport = memoryTransport({
      clock,
      accept: (socket) => {
        const connection = new Connection({
          socket,
          game: undefined,
          connection: 1,
          sessions,
          observe,
          clock,
          ttftBudgetMs: BUDGET_MS,
          epoch: 7,
        });
        resolve(connection);
        return {
          received: (bytes) => connection.receive(bytes, true),
          lost: (_why, closeCode) => connection.lost(closeCode),
        };
      },
    });
    this.client = createClient({ url: "memory:", clock, openTransport });
    this.room = this.client.openRoom({ worldKey: "tavern" });
    this.room.register({
      id: "mira",
      name: "Mira",
      persona: "You are Mira, who keeps the bar.",
      fallbacks: [FALLBACK],
      closers: [CLOSER],
    });
  }

  /** One whose model and whose character's prefix are warm. */
  static async open(options: TavernOptions): Promise<VirtualTavern> {
    const tavern = new VirtualTavern(options);
    await tavern.pass(WARM_WITHIN_MS);
    return tavern;
  }

  /** A player says something. */
  say(said = "Hello!", budgetMs = BUDGET_MS): VirtualLine {
    const cue = { candidates: ["mira"], budgetMs, priority: "reply" } as const;
    const line = new VirtualLine(this.clock, cue);
    line.line = this.room.say("mira", {
      said,
      ttftBudgetMs: budgetMs,
      onText: (text, offset) => line.onText(text, offset),
      onEnd: (result) => line.onEnd(result),
    });
    return line;
  }

  pass(ms: number): Promise<void> {
    return pass(this.clock, ms);
  }

  status(): SidecarStatus {
    return {
      version: "0.0.0",
      uptimeMs: this.clock.nowMs(),
      endpoints: [
        { name: "ollama", kind: "ollama", address: null, share: 1, ...this.endpoint.status },
      ],
      connections: 1,
      detached: 0,
      rooms: 1,
      lines: this.client.openLines,
      hitRates: this.#observer.hitRates(),
    };
  }

  /** A page of JSON. */
  async page(path: string): Promise<unknown> {
    return JSON.parse((await this.#observer.page(path))?.body ?? "null");
  }

  async metric(series: string): Promise<number> {
    const page = await this.#observer.page("/metrics");
    const line = page?.body.split("\n").find((one) => one.startsWith(`${series} `));
    return Number(line?.slice(series.length + 1));
  }

  async close(): Promise<void> {
    this.client.close();
    const closed = this.#upstream.close();
    await this.pass(GOOD_BYE_MS);
    await closed;
    this.#observer.close();
  }
}
