import { setTimeout as sleep } from "node:timers/promises";
import {
  type Client,
  createClient,
  type HitRates,
  type LineResult,
  type Room,
} from "@banterwire/protocol/client";

export const ROOMS = 10;
export const CHARACTERS = 4;
const CONNECT_LIMIT_MS = 10_000;
const POLL_MS = 20;

/** A game with rooms that are alike, on the reference client. */
export interface Tavern {
  /** A player speaks to a character; resolves with what became of the line. */
  say(room: number, character: number, budgetMs: number): Promise<LineResult>;
  readonly hitRates: HitRates;
  close(): void;
}

const TRADES = ["innkeeper", "smith", "herbalist", "guard"] as const;
const QUESTIONS = [
  "What is there to eat?",
  "Have you seen a grey horse?",
  "How was your day?",
  "Do you know the way to the mill?",
  "Is it always this loud in here?",
  "Who was that at the door?",
] as const;

export async function openTavern(url: string): Promise<Tavern> {
  const client = createClient({ url, clientName: "bench" });
  const rooms = Array.from({ length: ROOMS }, (_, index) => openRoom(client, index));
  const limitMs = performance.now() + CONNECT_LIMIT_MS;
  while (client.state.name !== "open") {
    if (performance.now() > limitMs) throw new Error("the game found no sidecar");
    await sleep(POLL_MS);
  }
  let asked = 0;
  return {
    say(room, character, budgetMs) {
      const question = QUESTIONS[asked++ % QUESTIONS.length] ?? "";
      const line = rooms[room]?.say(nameOf(character), {
        player: { id: `p${asked % 40}`, name: "Ann" },
        said: question,
        ttftBudgetMs: budgetMs,
      });
      if (!line) throw new RangeError(`no room ${room}`);
      return line.ended;
    },
    get hitRates() {
      return client.hitRates;
    },
    close: () => client.close(),
  };
}

function openRoom(client: Client, index: number): Room {
  const room = client.openRoom({ worldKey: `simulator-${index}` });
  for (let character = 0; character < CHARACTERS; character++) {
    room.register({
      id: nameOf(character),
      name: nameOf(character),
      persona: personaOf(character),
      fallbacks: ["Not now, traveller."],
    });
  }
  return room;
}

function nameOf(character: number): string {
  return `mira-${character}`;
}

/** As long as the embedded model's window allows beside the rest. */
function personaOf(character: number): string {
  const trade = TRADES[character % TRADES.length];
  return (
    `You are ${nameOf(character)}, a cheerful ${trade}. Traits: generous, curious, always busy. ` +
    "Place: the tavern. Stay in character and reply with one or two short sentences."
  );
}
