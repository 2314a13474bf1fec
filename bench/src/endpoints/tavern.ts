import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { type Client, createClient, type LineResult, type Room } from "@banterwire/protocol/client";
import { Child } from "../support/child.ts";
import {
  assertRateKept,
  keepSchedule,
  launchesOf,
  poissonSchedule,
  preciseClock,
} from "../support/schedule.ts";
import { type Engine, SLOTS } from "./engine.ts";

export interface SidecarAnswer {
  readonly url: string;
  /** Endpoints whose model is resident and has answered. */
  readonly warm: number;
}

export interface Answer {
  /** When its cue was due, milliseconds from the start. */
  readonly atMs: number;
  readonly result: LineResult;
}

export interface Play {
  readonly perSecond: number;
  readonly forMs: number;
  readonly budgetMs: number;
  readonly random: () => number;
}

export const CHARACTERS = 24;
const WARM_LIMIT_MS = 30_000;
/** Prefixes are read, and nobody is let in slowly any more. */
const SETTLE_MS = 12_000;
const POLL_MS = 20;

/** A room full of characters, over a sidecar with so many Ollamas. */
export class Tavern {
  readonly #sidecar: Child<"how", SidecarAnswer>;
  readonly #client: Client;
  readonly #room: Room;

  private constructor(sidecar: Child<"how", SidecarAnswer>, url: string) {
    this.#sidecar = sidecar;
    this.#client = createClient({ url });
    this.#room = this.#client.openRoom({ worldKey: "tavern" });
    for (let at = 0; at < CHARACTERS; at++) {
      const persona = `You are guest ${at} of the tavern. `.repeat(8);
      const id = `npc${at}`;
      this.#room.register({ id, name: id, persona, fallbacks: ["Hm."], closers: ["..."] });
    }
  }

  static async open(engines: readonly Engine[], hedges: boolean): Promise<Tavern> {
    const sidecar = new Child<"how", SidecarAnswer>(
      join(import.meta.dirname, "sidecar-process.ts"),
      [String(hedges), String(SLOTS), ...engines.map(({ origin }) => origin)],
    );
    const limitMs = performance.now() + WARM_LIMIT_MS;
    const { url } = await sidecar.ask("how");
    const tavern = new Tavern(sidecar, url);
    while ((await sidecar.ask("how")).warm < engines.length) {
      if (performance.now() > limitMs) throw new Error("the endpoints did not get warm");
      await sleep(POLL_MS);
    }
    await sleep(SETTLE_MS);
    return tavern;
  }

  /** Open-loop cues; resolves when the last line has ended. */
  async play({ perSecond, forMs, budgetMs, random }: Play): Promise<readonly Answer[]> {
    const schedule = poissonSchedule(perSecond, forMs, random);
    const lines: Promise<Answer>[] = [];
    const lateMs: number[] = [];
    await keepSchedule(schedule, preciseClock, (index, dueMs) => {
      lateMs.push(performance.now() - dueMs);
      const character = `npc${Math.floor(random() * CHARACTERS)}`;
      const line = this.#room.say(character, { said: "Hello!", ttftBudgetMs: budgetMs });
      const atMs = schedule[index] ?? 0;
      lines.push(line.ended.then((result) => ({ atMs, result })));
    });
    assertRateKept(
      launchesOf(schedule, forMs, lateMs).perSecond,
      lines.length / (forMs / 1_000),
      "cues",
    );
    return Promise.all(lines);
  }

  async close(): Promise<void> {
    this.#client.close();
    await this.#sidecar.stop();
  }
}

export function isModelHit({ source, ttftMs }: LineResult, budgetMs: number): boolean {
  return source === "model" && ttftMs !== undefined && ttftMs <= budgetMs;
}
