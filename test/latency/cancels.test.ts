import { MOODS } from "@banterwire/sidecar/testing";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { LatencyGame, type LatencyTavern, MOODY } from "./latency-tavern.ts";

const game = new LatencyGame();
let tavern: LatencyTavern;

beforeAll(() => game.start());
afterAll(() => game.stop());
beforeEach(async () => {
  tavern = await game.open();
  tavern.mood(MOODS.stallMidLine);
});
afterEach(() => tavern.close());

/** A line whose first words have come and whose rest never will. */
async function begin(): Promise<void> {
  tavern.begin(MOODY);
  await expect.poll(() => tavern.ollama.books.inFlight).toBe(1);
}

test.each<[string, (of: LatencyTavern) => Promise<unknown>]>([
  ["the last player who leaves", (of) => of.leave()],
  ["a room that is disposed", (of) => of.dispose()],
])("%s cancels a line, down to the engine's socket", async (_who, end) => {
  const series = 'banterwire_cancels_total{reason="cancelled"}';
  const { cancelled } = tavern.ollama.books;
  const before = await tavern.metric(series);
  await begin();
  await end(tavern);
  await expect.poll(() => tavern.ollama.books.inFlight).toBe(0);
  expect(tavern.ollama.books.cancelled).toBe(cancelled + 1);
  await expect.poll(() => tavern.metric(series)).toBe(before + 1);
  await expect.poll(async () => (await tavern.status()).endpoints[0].inFlight).toBe(0);
});

test("a sidecar that stops cancels a line, down to the engine's socket", async () => {
  const { cancelled } = tavern.ollama.books;
  await begin();
  await tavern.sidecar.close();
  await expect.poll(() => tavern.ollama.books.inFlight).toBe(0);
  expect(tavern.ollama.books.cancelled).toBe(cancelled + 1);
});
