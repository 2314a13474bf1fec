import { setTimeout as sleep } from "node:timers/promises";
import { type Client, createClient, type LineResult, type Room } from "@banterwire/protocol/client";
import { sidecarStatus } from "@banterwire/sidecar";
import { type Figures, figureOf } from "../bench.ts";
import { type SidecarProcess, startWarmSidecar } from "../support/sidecar.ts";
import { quantileOf } from "../support/statistics.ts";
import { BUDGET_MS } from "./rivals.ts";

export interface WarmthPlan {
  readonly laps: number;
}

/** Prompts that the embedded model keeps beside each other. */
const ROOM = 16;
const CHARACTERS = [1, 8, 16, 64] as const;
const WARM_WITHIN_MS = 8_000;
const POLL_MS = 20;
const GAP_MS = 100;
const WORDS = [
  "keeps",
  "the",
  "bar",
  "and",
  "knows",
  "each",
  "guest",
  "by",
  "name",
  "since",
  "spring",
];

/** First tokens of characters whose prefix the embedded model has read, and of others. */
export async function measureWarmth({ laps }: WarmthPlan): Promise<Figures> {
  const sidecar = await startWarmSidecar({ slots: 1 });
  const client = createClient({ url: sidecar.url });
  const figures: Figures = {};
  try {
    for (const count of CHARACTERS) {
      const lists: Ends = { cold: [], warm: [], "in turn": [] };
      for (let lap = 0; lap < laps; lap++)
        await listen(client, sidecar, `${count}.${lap}`, count, lists);
      Object.assign(figures, figuresOf(count, lists));
    }
    return figures;
  } finally {
    client.close();
    await sidecar.stop();
  }
}

type Ends = Record<"cold" | "warm" | "in turn", LineResult[]>;

/** `cold`: asked as soon as they are there. `warm`: those that the engine has room for. `in turn`: all. */
async function listen(
  client: Client,
  sidecar: SidecarProcess,
  name: string,
  count: number,
  ends: Ends,
): Promise<void> {
  const room = client.openRoom({ worldKey: name });
  const cast = Array.from({ length: count }, (_, index) => `npc${index}`);
  for (const id of cast) {
    room.register({ id, name: id, persona: personaOf(`${name} ${id}`), fallbacks: ["Hm."] });
    ends.cold.push(await say(room, id));
  }
  await untilWarm(sidecar, Math.min(count, ROOM));
  for (const id of cast.slice(-ROOM)) ends.warm.push(await say(room, id));
  for (const id of cast) ends["in turn"].push(await say(room, id));
  room.close();
}

/** One line, and time for what follows from it: a miss has the sidecar look after its engine. */
async function say(room: Room, id: string): Promise<LineResult> {
  const { ended } = room.say(id, { said: "What do you have to eat?", ttftBudgetMs: BUDGET_MS });
  const result = await ended;
  await sleep(GAP_MS);
  return result;
}

/** A persona that shares little with another one's. */
function personaOf(name: string): string {
  const words = Array.from(
    { length: 80 },
    (_, index) => WORDS[(index * name.length) % WORDS.length],
  );
  return `You are ${name}, who ${words.join(" ")}.`;
}

/** Time for warm-ups; those that lost their place again and again stay cold. */
async function untilWarm(sidecar: SidecarProcess, wanted: number): Promise<void> {
  const limitMs = performance.now() + WARM_WITHIN_MS;
  while (performance.now() < limitMs) {
    const [endpoint] = sidecarStatus.parse(await sidecar.status()).endpoints;
    if (endpoint.prefixes.warm >= wanted && endpoint.inFlight === 0) return;
    await sleep(POLL_MS);
  }
}

function figuresOf(count: number, lists: Ends): Figures {
  const figures: Figures = {};
  for (const [how, ends] of Object.entries(lists)) {
    const key = `${count} characters, ${how}`;
    const ttftMs = ends.filter(({ source }) => source === "model").map((end) => end.ttftMs ?? NaN);
    const share = (isHit: (end: LineResult) => boolean): number =>
      ends.filter((end) => (end.ttftMs ?? Infinity) <= BUDGET_MS && isHit(end)).length /
      ends.length;
    if (ttftMs.length > 0) {
      figures[`${key}: model's TTFT, p50`] = figureOf([quantileOf(ttftMs, 0.5)], "ms");
      figures[`${key}: model's TTFT, p99`] = figureOf([quantileOf(ttftMs, 0.99)], "ms");
    }
    figures[`${key}: model hit rate`] = figureOf([share(({ source }) => source === "model")], "");
    figures[`${key}: any-line hit rate`] = figureOf([share(({ source }) => source !== "none")], "");
  }
  return figures;
}
