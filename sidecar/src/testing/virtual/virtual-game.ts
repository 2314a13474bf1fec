import type { Priority } from "@banterwire/protocol";
import {
  addOutcome,
  type Character,
  type Client,
  createClient,
  type HitRates,
  NO_HITS,
  type OpenTransport,
  type Room,
} from "@banterwire/protocol/client";
import type { FakeClock } from "@banterwire/protocol/testing";
import { VirtualLine } from "./virtual-line.ts";

export const CAST = ["mira", "bram", "odo"] as const;
const ROOMS = 2;

export interface VirtualCue {
  readonly room: number;
  readonly candidates: readonly string[];
  readonly budgetMs: number;
  readonly priority: Priority;
  /** Replaces the room's latest line. */
  readonly supersedes: boolean;
}

interface VirtualRoom {
  readonly room: Room;
  readonly lines: VirtualLine[];
}

/** A game with its rooms, its players' cues and all it ever heard. */
export class VirtualGame {
  readonly client: Client;
  readonly lines: VirtualLine[] = [];
  readonly #clock: FakeClock;
  readonly #rooms: VirtualRoom[];

  constructor(clock: FakeClock, openTransport: OpenTransport) {
    this.#clock = clock;
    this.client = createClient({ url: "memory:", clock, openTransport, random: () => 0.5 });
    this.#rooms = Array.from({ length: ROOMS }, () => this.#openRoom());
  }

  cue({ room: at, candidates, budgetMs, priority, supersedes }: VirtualCue): VirtualLine {
    const { room, lines } = this.#roomAt(at);
    const former = supersedes ? lines.at(-1) : undefined;
    if (former && !former.end) former.isWithdrawn = true;
    const line = new VirtualLine(this.#clock, { candidates, budgetMs, priority });
    this.lines.push(line);
    lines.push(line);
    line.line = room.say(
      candidates.map((character, index) => ({ character, distanceCm: 100 * index })),
      {
        said: "What is on the stove today?",
        player: { id: "p1", name: "Ana" },
        priority,
        ttftBudgetMs: budgetMs,
        ...(former?.line && { supersedes: former.line }),
        onText: (text, offset) => line.onText(text, offset),
        onEnd: (result) => line.onEnd(result),
      },
    );
    return line;
  }

  /** Cancels one of the open lines. */
  cancel(pick: number): void {
    const open = this.lines.filter(({ end }) => !end);
    const line = open[pick % open.length];
    if (!line) return;
    line.isWithdrawn = true;
    line.line?.cancel();
  }

  register(at: number, character: string): void {
    this.#roomAt(at).room.register(castOf(character));
  }

  forget(at: number, character: string): void {
    const { room, lines } = this.#roomAt(at);
    for (const line of lines) {
      if (!line.end && line.candidates.includes(character)) line.isWithdrawn = true;
    }
    room.forget(character);
  }

  /** Closes a room; another one opens in its place. */
  moveOut(at: number): void {
    const { room, lines } = this.#roomAt(at);
    withdrawAll(lines);
    room.close();
    this.#rooms[at % ROOMS] = this.#openRoom();
  }

  close(): void {
    withdrawAll(this.lines);
    this.client.close();
  }

  /** What the client's books are to say, from what was heard. */
  get expectedHitRates(): HitRates {
    let rates = NO_HITS;
    for (const line of this.lines) {
      if (!line.end) continue;
      rates = addOutcome(rates, {
        priority: line.priority,
        source: line.end.source,
        ttftMs: line.firstMs === undefined ? undefined : line.firstMs - line.startedMs,
        budgetMs: line.budgetMs,
        withdrawn: line.countsAsWithdrawn,
        silent: false,
        roomStall: line.firstMs !== undefined && !line.isInTime,
      });
    }
    return rates;
  }

  #roomAt(at: number): VirtualRoom {
    const found = this.#rooms[at % ROOMS];
    if (!found) throw new Error(`no room ${at}`);
    return found;
  }

  #openRoom(): VirtualRoom {
    const room = this.client.openRoom({ worldKey: "tavern" });
    for (const character of CAST) room.register(castOf(character));
    return { room, lines: [] };
  }
}

/** The later in the cast, the longer their persona takes to read. */
function castOf(id: string): Character {
  const words = 20 + 60 * CAST.findIndex((one) => one === id);
  return {
    id,
    name: id,
    persona: Array.from({ length: words }, (_, index) => `${id}${index}`).join(" "),
    fallbacks: ["One moment, friend. 🍺"],
    closers: ["… but I talk too much."],
  };
}

function withdrawAll(lines: readonly VirtualLine[]): void {
  for (const line of lines) if (!line.end) line.isWithdrawn = true;
}
