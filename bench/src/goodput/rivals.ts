import { createClient, type Room } from "@banterwire/protocol/client";
import { Pool } from "undici";
import type { SidecarProcess } from "../support/sidecar.ts";

export const BUDGET_MS = 200;
/** When a room without a sidecar speaks its authored line, as the reference client does. */
const FALLBACK_AFTER_MS = BUDGET_MS - 10;
const MODEL = "scripted:latest";

/** How one cue was answered. */
export interface Answered {
  /** The model's text came within the budget. */
  readonly byModel: boolean;
  /** Any text did. */
  readonly byAny: boolean;
}

/** Something that answers the cues of rooms. */
export interface Rival {
  say(room: number, character: string, dueMs: number): Promise<Answered>;
  close(): Promise<void>;
}

export interface Cast {
  readonly rooms: number;
  readonly characters: readonly string[];
}

/** A persona of as many words as a short card has. */
export function personaOf(character: string): string {
  return Array.from({ length: 120 }, (_, index) => `${character}${index}`).join(" ");
}

/** The sidecar, with the reference client. */
export async function sidecarRival(sidecar: SidecarProcess, cast: Cast): Promise<Rival> {
  const client = createClient({ url: sidecar.url });
  const rooms = Array.from({ length: cast.rooms }, (_, room) =>
    client.openRoom({ worldKey: `room ${room}` }),
  );
  for (const room of rooms) for (const id of cast.characters) register(room, id);
  return {
    async say(room, character, dueMs) {
      const lateMs = performance.now() - dueMs;
      const line = rooms[room]?.say(character, { said: "What is new?", ttftBudgetMs: BUDGET_MS });
      const { source, ttftMs } = (await line?.ended) ?? { source: "none", ttftMs: undefined };
      const inTime = ttftMs !== undefined && ttftMs + lateMs <= BUDGET_MS;
      return { byModel: inTime && source === "model", byAny: inTime && source !== "none" };
    },
    close() {
      client.close();
      return Promise.resolve();
    },
  };
}

function register(room: Room, id: string): void {
  room.register({ id, name: id, persona: personaOf(id), fallbacks: ["One moment."] });
}

/**
 * No sidecar and no admission: each cue is sent at once, waits in the engine's own FIFO, and is
 * given up when its time is up, for the room's own authored line.
 */
export function fifoRival(origin: string): Rival {
  const pool = new Pool(origin, { connections: 256, pipelining: 1 });
  return {
    async say(_room, character, dueMs) {
      const giveUp = new AbortController();
      const leftMs = Math.max(0, FALLBACK_AFTER_MS - (performance.now() - dueMs));
      const timer = setTimeout(() => giveUp.abort(), leftMs);
      let isInTime = false;
      try {
        for await (const text of textOf(pool, character, giveUp.signal)) {
          clearTimeout(timer);
          if (text) isInTime ||= performance.now() - dueMs <= BUDGET_MS;
        }
      } catch {
        // Given up: the room has spoken an authored line.
      } finally {
        clearTimeout(timer);
      }
      return { byModel: isInTime, byAny: true };
    },
    close: () => pool.destroy(),
  };
}

/** Whether there is text in each piece of the answer. */
async function* textOf(
  pool: Pool,
  character: string,
  signal: AbortSignal,
): AsyncGenerator<boolean> {
  const messages = [
    { role: "system", content: personaOf(character) },
    { role: "user", content: 'Someone says: "What is new?"' },
  ];
  const { body } = await pool.request({
    path: "/api/chat",
    method: "POST",
    body: JSON.stringify({ model: MODEL, messages, stream: true, keep_alive: -1 }),
    signal,
  });
  for await (const bytes of body) yield String(bytes).includes("word");
}
