import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { LatencyGame, type LatencyTavern, MOODY } from "./latency-tavern.ts";
import { MOOD_ROWS } from "./moods.ts";
import { expectBalancedBooks, expectInBudget, expectModelAgain, figuresOf } from "./verdict.ts";

const game = new LatencyGame();
let tavern: LatencyTavern;

beforeAll(() => game.start());
afterAll(() => game.stop());

beforeEach(async () => {
  tavern = await game.open();
});
afterEach(() => tavern.close());

for (const [mood, { reply, room, operator, slot }] of Object.entries(MOOD_ROWS)) {
  test(`${mood}: text within the budget, one end, the operator told, the slot back`, async ({
    annotate,
  }) => {
    tavern.mood(reply);
    const before = await tavern.metric(operator);
    const { cancelled } = tavern.ollama.books;
    const heard = await tavern.ask(MOODY);
    await annotate(figuresOf(heard));
    expectInBudget(heard);
    expect(heard.room).toMatchObject(room);
    const { reason, ...line } = room;
    expect(heard.player).toMatchObject({ ...line, end: { reason } });
    await expectBalancedBooks(tavern);
    expect((await tavern.metric(operator)) - before).toBe(1);
    expect(tavern.ollama.books.cancelled - cancelled).toBe(slot === "cancelled" ? 1 : 0);
    await expectModelAgain(tavern);
    expect(heard.ends).toBe(1);
  });
}
