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

function metrics(series: readonly string[]): Promise<number[]> {
  return Promise.all(series.map((one) => tavern.metric(one)));
}

for (const [mood, { reply, room, operator, slot }] of Object.entries(MOOD_ROWS)) {
  test(`${mood}: text within the budget, one end, the operator told, the slot back`, async ({
    annotate,
  }) => {
    tavern.mood(reply);
    const { reason, ...line } = room;
    const ended = `banterwire_lines_total{source="${room.source}",reason="${reason}"}`;
    const told = [ended, ...(operator === undefined ? [] : [operator])];
    const before = await metrics(told);
    const { cancelled } = tavern.ollama.books;
    const heard = await tavern.ask(MOODY);
    await annotate(figuresOf(heard));
    expectInBudget(heard);
    expect(heard.room).toMatchObject(room);
    expect(heard.player).toMatchObject({ ...line, end: { reason } });
    await expectBalancedBooks(tavern);
    expect(await metrics(told)).toEqual(before.map((count) => count + 1));
    expect(tavern.ollama.books.cancelled - cancelled).toBe(slot === "cancelled" ? 1 : 0);
    await expectModelAgain(tavern);
    expect(heard.ends).toBe(1);
  });
}
