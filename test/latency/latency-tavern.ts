import { BanterPlugin, type Character, connectSidecar } from "@banterwire/colyseus";
import { type WatchedEnd, type WatchedLine, watchBanter } from "@banterwire/colyseus/client";
import type { LineResult } from "@banterwire/protocol/client";
import {
  createLog,
  DEFAULT_CONFIG,
  type Sidecar,
  type SidecarStatus,
  sidecarStatus,
  startSidecar,
} from "@banterwire/sidecar";
import {
  type Reply,
  saying,
  type ScriptedOllama,
  type ScriptedOllamaOptions,
  startScriptedOllama,
} from "@banterwire/sidecar/testing";
import { type Client, definePlugins, Room } from "@colyseus/core";
import { vi } from "vitest";
import { type GameServer, startGameServer } from "../support/game-server.ts";
import { BareTimers } from "./bare-timers.ts";
import { CLOSER, FALLBACK } from "./moods.ts";
import { isSpoilt } from "./spoilt.ts";

export const TTFT_BUDGET_MS = 200;

/** What a player says to meet the mood that the test has set. */
export const MOODY = "How are you today?";
/** What a player says to have the room's event loop blocked for `STALL_MS`. */
export const STALLING = "Wait a moment!";
export const STALL_MS = 300;
export const USUAL_LINE = "Mind the step, traveller.";

/** Longer than any line may take. */
const LINE_WITHIN_MS = 10_000;
const WARM_WITHIN_MS = 60_000;
const MAX_OPENINGS = 8;

const mira: Character = {
  id: "mira",
  name: "Mira",
  persona: "You are Mira, who keeps the bar.",
  fallbacks: [FALLBACK],
  closers: [CLOSER],
};

/** One line as the room and as a player had it, and how the machine did meanwhile. */
export interface Heard {
  readonly room: LineResult;
  readonly player: WatchedLine & { readonly end: WatchedEnd };
  /** How often its end came to the player. */
  readonly ends: number;
  /** From the player's words to the first text at the player, milliseconds. */
  readonly playerTtftMs: number;
  /** The latest bare timer in this process while the line was open, milliseconds. */
  readonly noiseMs: number;
  /** For how long in all this process's loop was late until that first text, milliseconds. */
  readonly blockedMs: number;
}

/** A player in a room of a real game server, with a sidecar and a scripted engine of its own. */
export interface LatencyTavern {
  readonly ollama: ScriptedOllama;
  readonly sidecar: Sidecar;
  /** Lines that the machine may have spoilt. */
  readonly spoiltLines: number;
  /** Says something and resolves with the answer. */
  ask(text: string): Promise<Heard>;
  /** Says something whose answer nobody waits for, but perhaps `nextResult`. */
  begin(text: string): void;
  /** Of the first line that has ended and was not told of yet. */
  nextResult(): Promise<LineResult>;
  /** The one player goes. */
  leave(): Promise<unknown>;
  /** The room goes. */
  dispose(): Promise<unknown>;
  /** How the engine answers `MOODY` from now on. */
  mood(reply: Reply): void;
  status(): Promise<SidecarStatus>;
  metric(series: string): Promise<number>;
  close(): Promise<void>;
}

/** Makes what the sidecar reaches an engine by. */
export type Approach = (
  ollama: ScriptedOllama,
) => Promise<{ readonly origin: string; close(): Promise<void> }>;

const straight: Approach = ({ origin }) =>
  Promise.resolve({ origin, close: () => Promise.resolve() });

/** The game server of a test file: there can be one in a process. */
export class LatencyGame {
  readonly #timers = new BareTimers();
  #game: GameServer | undefined;

  async start(): Promise<void> {
    // The SDK tells of each reconnection.
    vi.spyOn(console, "info").mockImplementation(() => {});
    this.#game = await startGameServer([Tavern]);
    this.#timers.start();
  }

  async stop(): Promise<void> {
    this.#timers.stop();
    await this.#game?.stop();
  }

  /**
   * Resolves when the model, the connection and the character's prefix are warm. A round trip that
   * was measured on a busy machine leaves no time for the model: then all is opened anew.
   */
  async open(
    options: ScriptedOllamaOptions = {},
    approach: Approach = straight,
  ): Promise<LatencyTavern> {
    for (let attempt = 1; ; attempt++) {
      const tavern = await this.#open(options, approach);
      const { room } = await tavern.ask("Good evening.");
      if (room.source === "model" && !room.roomStall) return tavern;
      await tavern.close();
      if (attempt === MAX_OPENINGS) throw new Error(`no line of the model's: ${room.reason}`);
    }
  }

  async #open(options: ScriptedOllamaOptions, approach: Approach): Promise<LatencyTavern> {
    let moody: Reply = saying(USUAL_LINE);
    const ollama = await startScriptedOllama({
      answerWith: (body) => (JSON.stringify(body).includes(MOODY) ? moody : saying(USUAL_LINE)),
      ...options,
    });
    const way = await approach(ollama);
    const { slots = DEFAULT_CONFIG.slots } = options;
    const config = { ...DEFAULT_CONFIG, port: 0, ollama: [way.origin], slots };
    const sidecar = await startSidecar(config, createLog("silent"));
    Tavern.url = sidecar.url;
    if (!this.#game) throw new Error("the game server is not started");
    const player = await this.#game.join(Tavern);
    const room = Tavern.latest;
    const client = connectSidecar({ url: sidecar.url });
    const origin = sidecar.url.replace("ws:", "http:");
    const page = async (path: string): Promise<string> =>
      (await fetch(new URL(path, origin))).text();
    const isPrefilled = (): boolean =>
      ollama.books.received.some(({ body }) => JSON.stringify(body ?? "").includes(mira.persona));
    await vi.waitUntil(
      () =>
        client.state.name === "open" &&
        isPrefilled() &&
        sidecar.status().endpoints[0].inFlight === 0,
      { timeout: WARM_WITHIN_MS },
    );
    const ends: (WatchedLine & { readonly end: WatchedEnd })[] = [];
    let firstTextMs: number | undefined;
    let spoiltLines = 0;
    watchBanter(player, {
      onText: () => (firstTextMs ??= performance.now()),
      onEnd: (line) => ends.push(line),
    });
    return {
      ollama,
      sidecar,
      get spoiltLines() {
        return spoiltLines;
      },
      mood: (reply) => (moody = reply),
      begin: (text) => player.send("chat", text),
      nextResult: () => room.nextResult(),
      leave: () => player.leave(),
      dispose: () => room.disconnect(),
      ask: async (text) => {
        const askedMs = performance.now();
        const told = ends.length;
        firstTextMs = undefined;
        player.send("chat", text);
        const result = await room.nextResult();
        await vi.waitUntil(() => ends.length > told, { timeout: LINE_WITHIN_MS, interval: 1 });
        const end = ends[told]!;
        const heard: Heard = {
          room: result,
          player: end,
          get ends() {
            return ends.filter(({ id }) => id === end.id).length;
          },
          playerTtftMs: (firstTextMs ?? Infinity) - askedMs,
          noiseMs: this.#timers.worstMsSince(askedMs),
          blockedMs: this.#timers.totalMsBetween(askedMs, firstTextMs ?? Infinity),
        };
        if (isSpoilt(heard)) spoiltLines++;
        return heard;
      },
      status: async () => sidecarStatus.parse(JSON.parse(await page("/status"))),
      metric: async (series) => {
        const text = await page("/metrics");
        const line = text.split("\n").find((one) => one.startsWith(`${series} `));
        return Number(line?.slice(series.length + 1));
      },
      close: async () => {
        await room.disconnect();
        client.close();
        await sidecar.close();
        await way.close();
        await ollama.close();
      },
    };
  }
}

class Tavern extends Room {
  static url = "";
  static latest: Tavern;
  readonly #results: LineResult[] = [];
  #taken = 0;

  override plugins = definePlugins([
    new BanterPlugin({
      characters: [mira],
      sidecar: { url: Tavern.url },
      playerOf: () => ({ id: "player-theo", name: "Theo" }),
      ttftBudgetMs: TTFT_BUDGET_MS,
      onTrouble: () => {},
    }),
  ]);

  override onCreate(): void {
    Tavern.latest = this;
    this.onMessage("chat", (client: Client, text: unknown) => {
      const line = this.plugins.npcs.hear(client, text);
      if (text === STALLING) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, STALL_MS);
      void line?.ended.then((result) => this.#results.push(result));
    });
  }

  /** Each line's result once, in the order of their ends. */
  async nextResult(): Promise<LineResult> {
    const at = this.#taken++;
    await vi.waitUntil(() => this.#results.length > at, { timeout: LINE_WITHIN_MS, interval: 1 });
    return this.#results[at]!;
  }
}
