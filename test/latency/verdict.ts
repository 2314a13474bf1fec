import { expect, vi } from "vitest";
import { type Heard, type LatencyTavern, TTFT_BUDGET_MS, USUAL_LINE } from "./latency-tavern.ts";

/**
 * What a busy machine may add before a test fails, milliseconds, beside what its loop was seen to be
 * late by. Wide on purpose: how close to the budget a line comes is for benches, that it does not
 * miss it by far is for tests. All of a line's way is in one process, so that whatever keeps that
 * from running keeps its bare timers waiting too; the rest is the kernel's loopback and the code
 * itself, a few milliseconds of it.
 */
const MARGIN_MS = 150;
/** How long before the budget's end the room speaks by itself. */
const CLIENT_GUARD_MS = 10;
/** A bare timer that fires every 5 ms sees all of a blockage but so much. */
const UNSEEN_MS = 6;
const SERVICE_WITHIN_MS = 30_000;

/**
 * Text came in time, but for the margin and what this process's own loop was late by; and a room
 * that stalled did so because that loop did.
 */
export function expectInBudget({ room, playerTtftMs, noiseMs, blockedMs }: Heard): void {
  expect(room.ttftMs).toBeLessThan(TTFT_BUDGET_MS + MARGIN_MS + blockedMs);
  expect(playerTtftMs).toBeLessThan(TTFT_BUDGET_MS + MARGIN_MS + blockedMs);
  if (!room.roomStall) return;
  const lateMs = (room.ttftMs ?? 0) - (TTFT_BUDGET_MS - CLIENT_GUARD_MS);
  expect(noiseMs, "a room stall that no recorded loop delay explains").toBeGreaterThan(
    lateMs - UNSEEN_MS,
  );
}

/** The figures of a line beside the machine's own noise. */
export function figuresOf({ room, playerTtftMs, noiseMs, blockedMs }: Heard): string {
  return `first text after ${ms(room.ttftMs)} at the room, ${ms(playerTtftMs)} at the player; bare timers up to ${ms(noiseMs)} late, ${ms(blockedMs)} in all until then`;
}

function ms(value: number | undefined): string {
  return `${value?.toFixed(1)} ms`;
}

/** Nothing is in flight, and the sidecar counts what the engine counts. */
export async function expectBalancedBooks(tavern: LatencyTavern): Promise<void> {
  await vi.waitFor(
    async () => {
      const { endpoints, lines } = await tavern.status();
      const [endpoint] = endpoints;
      const { opens, closes } = tavern.ollama.books;
      expect(endpoint).toMatchObject({ inFlight: 0, zombies: 0, waiting: 0 });
      expect({ opens, lines }).toEqual({ opens: closes, lines: 0 });
      expect(endpoint.opens).toBe(endpoint.closes);
      // A line that the machine spoilt may have been given up before its request was on its way.
      expect(endpoint.opens - opens).toBeGreaterThanOrEqual(0);
      expect(endpoint.opens - opens).toBeLessThanOrEqual(tavern.spoiltLines);
    },
    { timeout: SERVICE_WITHIN_MS, interval: 20 },
  );
  expect(tavern.ollama.books).toMatchObject({ queued: 0, maxInFlight: 1, killedLoads: 0 });
}

/** The next cues are answered by the model, within the budget. */
export async function expectModelAgain(tavern: LatencyTavern): Promise<void> {
  await vi.waitFor(
    async () => {
      const heard = await tavern.ask("Hello there.");
      expect(heard.room).toMatchObject({ source: "model", reason: "complete", text: USUAL_LINE });
      expectInBudget(heard);
    },
    { timeout: SERVICE_WITHIN_MS, interval: 50 },
  );
}
