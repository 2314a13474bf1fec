import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { type Heard, LatencyGame, type LatencyTavern, MOODY } from "./latency-tavern.ts";
import { MOOD_ROWS } from "./moods.ts";
import { isSpoilt } from "./spoilt.ts";
import { expectBalancedBooks, expectInBudget, expectModelAgain, figuresOf } from "./verdict.ts";

/** A busy machine may have to be asked again. */
const TEST_WITHIN_MS = 180_000;

const game = new LatencyGame();
let tavern: LatencyTavern;

beforeAll(() => game.start());
afterAll(() => game.stop());

beforeEach(async () => {
  tavern = await game.open();
});
afterEach(() => tavern.close());

/** One line, what the series gained by it, and how many of the engine's generations were cut. */
interface Asked {
  readonly heard: Heard;
  readonly gained: readonly number[];
  readonly cancelled: number;
}

/** Asks until a line was not spoilt by the machine; every one has to be in the budget. */
async function ask(series: readonly string[], tell: (what: string) => unknown): Promise<Asked> {
  for (;;) {
    const before = await metrics(series);
    const { cancelled } = tavern.ollama.books;
    const heard = await tavern.ask(MOODY);
    await tell(figuresOf(heard));
    expectInBudget(heard);
    await expectBalancedBooks(tavern);
    if (!isSpoilt(heard)) {
      const after = await metrics(series);
      const gained = after.map((count, index) => count - (before[index] ?? 0));
      return { heard, gained, cancelled: tavern.ollama.books.cancelled - cancelled };
    }
    await expectModelAgain(tavern);
  }
}

function metrics(series: readonly string[]): Promise<number[]> {
  return Promise.all(series.map((one) => tavern.metric(one)));
}

for (const [mood, { reply, source, reason, text, metric, engine }] of MOOD_ROWS) {
  test(
    `${mood}: text within the budget, one end, the operator told, the slot back`,
    async ({ annotate }) => {
      tavern.mood(reply);
      const ended = `banterwire_lines_total{source="${source}",reason="${reason}"}`;
      const told = metric === undefined ? [ended] : [ended, metric];
      const { heard, gained, cancelled } = await ask(told, annotate);
      expect(heard.room).toMatchObject({ source, reason, text });
      expect(heard.player).toMatchObject({ source, text, end: { reason } });
      expect(gained).toEqual(told.map(() => 1));
      expect(cancelled).toBe(engine === "cancelled" ? 1 : 0);
      await expectModelAgain(tavern);
      expect(heard.ends).toBe(1);
    },
    TEST_WITHIN_MS,
  );
}
