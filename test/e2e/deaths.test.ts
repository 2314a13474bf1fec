import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { PATIENCE } from "../support/patience.ts";
import { stopProcess } from "../support/stop-process.ts";
import { marla, startTavernTalk, type TavernTalk, TTFT_BUDGET_MS } from "./tavern-talk.ts";

const TEST_WITHIN_MS = 180_000;
/** The tiny model says a whole line in some 20 ms: it may be done before it can be stopped. */
const TRIES = 50;

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
async function askAndKillMidLine(
  kill: () => void,
): Promise<Awaited<ReturnType<TavernTalk["ask"]>>> {
  for (let attempt = 0; attempt < TRIES; attempt++) {
    const answer = talk.ask("Tell me a joke.");
    const isMidLine = await stoppedMidLine();
    const shown = (): string => [...talk.watches[0].lines.values()].at(-1)?.text ?? "";
    if (isMidLine) await vi.waitUntil(() => shown() !== "", PATIENCE);
    if (isMidLine) kill();
    else talk.engine.child.kill("SIGCONT");
    const lines = await answer;
    if (isMidLine) return lines;
  }
  throw new Error("the engine was never caught in the middle of a line");
}

/** Stops the engine at its next line; whether some words of that, and not its end, have come. */
async function stoppedMidLine(): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<(typeof talk.tap.chats)[number]>();
  talk.tap.onFirstChunk = resolve;
  const chat = await promise;
  await stopProcess(talk.engine.child.pid);
  // What it had written by then is in the tap's socket, which is read within a turn of the loop.
  for (let turn = 0; turn < 3; turn++) await new Promise((taken) => setImmediate(taken));
  return !chat.complete && chat.pieces.join("").trim() !== "";
}

/** Not because the time was up: there is nobody to wait for. */
async function expectFallbackAtOnce(): Promise<void> {
  for (let cue = 0; cue < 5; cue++) {
    const [line] = await talk.ask("Hello there.");
    expect(line.source).toBe("fallback");
    expect(marla.fallbacks).toContain(line.text);
    expect(["upstream", "unreachable"]).toContain(line.end?.reason);
    expect(line.end?.ttftMs).toBeLessThan(TTFT_BUDGET_MS);
  }
}

async function expectModelAgain(): Promise<void> {
  await vi.waitFor(
    async () => {
      const [line] = await talk.ask("Hello there.");
      expect(line.source).toBe("model");
    },
    { timeout: 60_000, interval: 100 },
  );
}

test(
  "Ollama killed mid-line: the line ends in character, cues get fallbacks, service returns",
  async () => {
    const answer = await askAndKillMidLine(() => talk.engine.child.kill("SIGKILL"));
    const [mine, theirs] = answer;
    expect(mine.source).toBe("model");
    expect(mine.end?.reason).toBe("truncated");
    expect(mine.text.endsWith(marla.closers?.[0] ?? "?")).toBe(true);
    expect(theirs.text).toBe(mine.text);
    await expectFallbackAtOnce();
    await talk.restartEngine();
    await expectModelAgain();
  },
  TEST_WITHIN_MS,
);

test(
  "the sidecar killed mid-line: the line ends in character, cues get fallbacks, service returns",
  async () => {
    const answer = await askAndKillMidLine(() => {
      talk.sidecar.child.kill("SIGKILL");
      talk.engine.child.kill("SIGCONT");
    });
    const [mine, theirs] = answer;
    expect(mine.source).toBe("model");
    expect(mine.end?.reason).toBe("truncated");
    expect(mine.text.endsWith(marla.closers?.[0] ?? "?")).toBe(true);
    expect(theirs.text).toBe(mine.text);
    await expectFallbackAtOnce();
    talk.restartSidecar();
    await expectModelAgain();
  },
  TEST_WITHIN_MS,
);
