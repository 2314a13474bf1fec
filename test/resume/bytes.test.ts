import { countCodePoints } from "@banterwire/protocol";
import { createClient, type HitRates } from "@banterwire/protocol/client";
import { createLog, DEFAULT_CONFIG, type Sidecar, startSidecar } from "@banterwire/sidecar";
import { saying, type ScriptedOllama, startScriptedOllama } from "@banterwire/sidecar/testing";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { PATIENCE } from "../support/patience.ts";
import { type Cut, CuttingWire, type Direction } from "./cutting-wire.ts";

const TEXT = "Stout 🍺, bread and what the cat left.";
/** Far more than any conversation takes: nothing here is about time. */
const BUDGET_MS = 60_000;
const AT_ONCE = 24;

let ollama: ScriptedOllama;
let sidecar: Sidecar;

beforeAll(async () => {
  ollama = await startScriptedOllama({ slots: 2 * AT_ONCE, answerWith: saying(TEXT, 2) });
  sidecar = await startSidecar(
    {
      ...DEFAULT_CONFIG,
      port: 0,
      ollama: [ollama.origin],
      slots: 2 * AT_ONCE,
      maxDetachedSessions: 1_024,
      maxCuesPerSecondPerGame: 100_000,
    },
    createLog("silent"),
  );
  const isWarm = (): boolean => sidecar.status().endpoints[0].state === "warm";
  await vi.waitUntil(isWarm, PATIENCE);
}, PATIENCE.timeout);

afterAll(async () => {
  await sidecar.close();
  await ollama.close();
});

interface Talked {
  readonly passedBytes: Readonly<Record<Direction, number>>;
  readonly hitRates: HitRates;
  readonly wrong: readonly string[];
}

/**
 * Two lines, the second one asked for in the middle of the first, over a wire that breaks once; and
 * more of them until it has.
 */
async function talk(cut?: Cut): Promise<Talked> {
  const wire = new CuttingWire(sidecar.port, cut);
  const client = createClient({ url: await wire.listen(), random: () => 0 });
  const isOpen = (): boolean => client.state.name === "open";
  const wrong: string[] = [];
  let ends = 0;
  const room = client.openRoom({ worldKey: "tavern" });
  room.register({ id: "mira", name: "Mira", persona: "Keeps the bar.", fallbacks: ["Later."] });
  const ask = async (onFirst = (): void => {}): Promise<void> => {
    let heard = "";
    const line = room.say("mira", {
      said: "What is on the stove?",
      ttftBudgetMs: BUDGET_MS,
      onText(piece, offset) {
        if (offset !== countCodePoints(heard)) wrong.push(`text at ${offset} after "${heard}"`);
        if (heard === "") onFirst();
        heard += piece;
      },
      onEnd: () => void ends++,
    });
    const { source, reason, text } = await line.ended;
    const isWhole = source === "model" && reason === "complete" && text === TEXT && heard === TEXT;
    if (!isWhole) wrong.push(`${source}, ${reason}: "${text}", heard "${heard}"`);
  };
  await vi.waitUntil(isOpen, PATIENCE);
  const second = Promise.withResolvers<void>();
  await Promise.all([ask(() => second.resolve()), second.promise.then(() => ask())]);
  const isDone = (): boolean => cut === undefined || wire.isCut;
  while (!isDone()) await ask();
  const passedBytes = { ...wire.passedBytes };
  // Its end is told when it has come back: else that would be what is cut.
  await vi.waitUntil(() => isOpen() && (!cut || wire.connections > 1), PATIENCE);
  client.close();
  await wire.close();
  const { hitRates } = client;
  if (ends !== hitRates.cues) wrong.push(`${ends} ends of ${hitRates.cues} lines`);
  return { passedBytes, hitRates, wrong };
}

/** Talks once for each cut, so many at a time; tells what went wrong, and how many cues there were. */
async function talkAll(cuts: readonly Cut[]): Promise<{ wrong: string[]; cues: number }> {
  const rest = cuts.values();
  const wrong: string[] = [];
  let cues = 0;
  const talkOn = async (): Promise<void> => {
    for (const cut of rest) {
      const { hitRates, ...talked } = await talk(cut);
      const where = `${cut.direction} after ${cut.afterBytes} bytes`;
      wrong.push(...talked.wrong.map((what) => `${where}: ${what}`));
      cues += hitRates.cues;
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, talkOn));
  return { wrong, cues };
}

test.each<Direction>(["up", "down"])(
  "a conversation that is cut at any byte on its way %s is heard once, in order and whole",
  { timeout: 10 * PATIENCE.timeout },
  async (direction) => {
    const { passedBytes } = await talk();
    const before = sidecar.status().hitRates.sinceStart.cues;
    const cuts = Array.from({ length: passedBytes[direction] }, (_, afterBytes) => ({
      direction,
      afterBytes,
    }));
    const { wrong, cues } = await talkAll(cuts);
    expect(wrong).toEqual([]);
    // A good-bye that was cut off leaves a session to its window.
    await vi.waitUntil(() => sidecar.status().detached === 0, PATIENCE);
    expect(sidecar.status().rooms).toBe(0);
    const { endpoints, lines, hitRates } = sidecar.status();
    const [endpoint] = endpoints;
    expect(lines + endpoint.inFlight).toBe(0);
    expect(endpoint.opens).toBe(endpoint.closes);
    expect(hitRates.sinceStart.cues - before).toBe(cues);
  },
);
