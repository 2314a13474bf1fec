import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { marla, startTavernTalk, type TavernTalk } from "./tavern-talk.ts";

const TTFT_BUDGET_MS = 200;
/** The tiny model says a whole line in some 20 ms: it may be done before it can be stopped. */
const TRIES = 10;

let talk: TavernTalk;

beforeAll(async () => {
  talk = await startTavernTalk();
});

afterAll(async () => {
  await talk.close();
});

/**
 * Asks until the engine is caught in the middle of a line, held still there; then `kill` kills
 * what it will, and the line must end.
 */
async function askAndKillMidLine(kill: () => void): Promise<ReturnType<TavernTalk["ask"]>> {
  for (let attempt = 0; attempt < TRIES; attempt++) {
    let held = false;
    talk.tap.onFirstChunk = (chat) => {
      talk.engine.child.kill("SIGSTOP");
      held = !chat.complete;
    };
    const answer = talk.ask("Tell me a joke.");
    await vi.waitUntil(() => talk.watches[0].lines.size > 0 && held, { timeout: 3_000 });
    talk.tap.onFirstChunk = () => {};
    await vi.waitUntil(() => [...talk.watches[0].lines.values()].at(-1)?.text, { timeout: 3_000 });
    if ([...talk.watches[0].lines.values()].at(-1)?.end === undefined) {
      kill();
      return answer;
    }
    talk.engine.child.kill("SIGCONT");
    await answer;
  }
  throw new Error("the engine was never caught in the middle of a line");
}

async function expectFallbackWithinBudget(): Promise<void> {
  for (let cue = 0; cue < 5; cue++) {
    const [line] = await talk.ask("Hello there.");
    expect(line.source).toBe("fallback");
    expect(marla.fallbacks).toContain(line.text);
    expect(line.end?.ttftMs).toBeLessThan(TTFT_BUDGET_MS);
  }
}

async function expectModelAgain(): Promise<void> {
  await vi.waitFor(
    async () => {
      const [line] = await talk.ask("Hello there.");
      expect(line.source).toBe("model");
    },
    { timeout: 20_000, interval: 100 },
  );
}

test("Ollama killed mid-line: the line ends in character, cues get fallbacks, service returns", async () => {
  const answer = await askAndKillMidLine(() => talk.engine.child.kill("SIGKILL"));
  const [mine, theirs] = answer;
  expect(mine.source).toBe("model");
  expect(mine.end?.reason).toBe("truncated");
  expect(mine.text.endsWith(marla.closers?.[0] ?? "?")).toBe(true);
  expect(theirs.text).toBe(mine.text);
  await expectFallbackWithinBudget();
  await talk.restartEngine();
  await expectModelAgain();
}, 60_000);

test("the sidecar killed mid-line: the line ends in character, cues get fallbacks, service returns", async () => {
  const answer = await askAndKillMidLine(() => {
    talk.sidecar.child.kill("SIGKILL");
    talk.engine.child.kill("SIGCONT");
  });
  const [mine, theirs] = answer;
  expect(mine.source).toBe("model");
  expect(mine.end?.reason).toBe("truncated");
  expect(mine.text.endsWith(marla.closers?.[0] ?? "?")).toBe(true);
  expect(theirs.text).toBe(mine.text);
  await expectFallbackWithinBudget();
  talk.restartSidecar();
  await expectModelAgain();
}, 60_000);
