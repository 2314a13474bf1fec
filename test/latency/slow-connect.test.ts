import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { Door } from "./door.ts";
import { LatencyGame, type LatencyTavern } from "./latency-tavern.ts";
import { FALLBACK } from "./moods.ts";
import { expectInBudget, expectModelAgain } from "./verdict.ts";

/** A system tries to connect again after 1, 2 and 4 s; and a busy machine adds to it. */
const TEST_WITHIN_MS = 180_000;

const game = new LatencyGame();
let door: Door;
let tavern: LatencyTavern;

beforeAll(() => game.start());
afterAll(() => game.stop());
beforeEach(async () => {
  tavern = await game.open({}, async ({ port }) => (door = await Door.before(port)));
});
afterEach(() => tavern.close());

test(
  "an Ollama that takes no connection: text in the budget, the operator told, the model's when it does",
  async () => {
    await door.shut();
    const missed = await tavern.ask("Anybody here?");
    expectInBudget(missed);
    expect(missed.room).toMatchObject({ source: "fallback", text: FALLBACK });
    expect(missed.player).toMatchObject({ source: "fallback", text: FALLBACK });
    await expect
      .poll(async () => (await tavern.status()).endpoints[0])
      .toMatchObject({
        state: "down",
        trouble: { code: "ollama_silent", message: expect.stringMatching(/connect timeout/iu) },
        inFlight: 0,
        zombies: 0,
        waiting: 0,
      });
    const held = await tavern.ask("Anybody here?");
    expectInBudget(held);
    expect(held.room).toMatchObject({ source: "fallback", reason: "upstream", text: FALLBACK });
    door.open();
    await expectModelAgain(tavern);
    expect(missed.ends).toBe(1);
    expect(held.ends).toBe(1);
    expect(tavern.ollama.books).toMatchObject({ loads: 1, killedLoads: 0, maxInFlight: 1 });
    const { opens, closes } = (await tavern.status()).endpoints[0];
    expect(opens).toBe(closes);
  },
  TEST_WITHIN_MS,
);
