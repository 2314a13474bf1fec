import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { BRAM, connectClient, EVENT, MIRA } from "../testing/connected-client.ts";
import { begin, text } from "../testing/line-messages.ts";
import { createClient } from "./client.ts";

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
});
afterEach(() => {
  vi.useRealTimers();
});

/** Stands for any fault of ours: what chooses an authored line throws. */
function chance(): { isBroken: boolean; random: () => number } {
  const chance = {
    isBroken: false,
    random(): number {
      if (chance.isBroken) throw new Error("broken by the test");
      return 0.5;
    },
  };
  return chance;
}

it("a fault at one line's deadline is told, and the other lines have their words in time", async () => {
  const dice = chance();
  const troubles: string[] = [];
  const client = createClient({
    url: "memory:",
    random: dice.random,
    onTrouble: (why) => troubles.push(why),
    openTransport: () => ({ send() {}, close() {}, abort() {}, bufferedBytes: 0 }),
  });
  const room = client.openRoom({ worldKey: "tavern" });
  room.register(MIRA);
  room.register(BRAM);
  room.say("mira", { ...EVENT, ttftBudgetMs: 50 });
  const line = room.say("bram", { ...EVENT, ttftBudgetMs: 100 });
  dice.isBroken = true;
  vi.advanceTimersByTime(50);
  dice.isBroken = false;
  expect(troubles).toEqual([expect.stringContaining("broken by the test")]);
  vi.advanceTimersByTime(50);
  expect(await line.ended).toMatchObject({ source: "fallback", reason: "budget" });
  client.close();
});

it("a fault over one message is told, and the next messages are taken", () => {
  const dice = chance();
  const { clock, sidecar, room, troubles } = connectClient({}, { random: dice.random });
  const broken = room.say("mira", EVENT);
  const line = room.say("mira", EVENT);
  clock.advance(10);
  dice.isBroken = true;
  // A breach: the client would speak for itself.
  sidecar.send(text(broken, 7, "out of place"));
  clock.advance(0);
  dice.isBroken = false;
  expect(troubles.at(-1)).toContain("broken by the test");
  sidecar.send(begin(line), text(line, 0, "Aye"));
  clock.advance(0);
  expect(line.text).toBe("Aye");
});
