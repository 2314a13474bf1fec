import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Scheduler, type SchedulerOptions } from "./scheduler.ts";
import type { Wish } from "./wish.ts";

const OPTIONS: SchedulerOptions = {
  slots: 1,
  maxWaiting: 16,
  zombieHoldMs: 1_000,
  cache: { memoryChars: 0, minSimilarity: 0.1 },
};
const USAGE = { promptTokens: 25, prefillMs: 10, loadMs: 0 };

function wish(deadlineMs = Infinity, parts: Partial<Wish> = {}): Wish {
  return { priority: "reply", room: 1, deadlineMs, prompt: ["A persona.", "Hello."], ...parts };
}

/** One that has learnt what an engine takes: `ttftMs` to the first chunk, `decodeMs` from there. */
function taught(options: Partial<SchedulerOptions> = {}, ttftMs = 50, decodeMs = 400) {
  const scheduler = new Scheduler<string>({ ...OPTIONS, ...options });
  for (let index = 0; index < 8; index++) {
    const atMs = index * 1_000 - 8_000;
    scheduler.ask("lesson", wish(60_000), atMs);
    scheduler.first("lesson", atMs + ttftMs);
    scheduler.done("lesson", USAGE, atMs + ttftMs + decodeMs);
  }
  return scheduler;
}

describe("a scheduler", () => {
  test("grants a free slot at once, and the next one when it falls free", () => {
    const scheduler = taught();
    expect(scheduler.ask("a", wish(1_000), 0)).toEqual([{ do: "grant", owner: "a" }]);
    expect(scheduler.ask("b", wish(1_000), 0)).toEqual([]);
    scheduler.first("a", 50);
    expect(scheduler.done("a", USAGE, 450)).toEqual([{ do: "grant", owner: "b" }]);
  });

  test("knows a gamble: one that was sent although it was not likely to make it", () => {
    const scheduler = taught({ slots: 3 });
    // Some were too late: one in four takes longer than that.
    for (const late of ["x", "y", "z"]) {
      scheduler.ask(late, wish(200), 0);
      scheduler.leave(late, 200);
    }
    scheduler.ask("gamble", wish(2_150), 2_000);
    scheduler.ask("likely", wish(2_500), 2_000);
    expect([scheduler.isGamble("gamble"), scheduler.isGamble("likely")]).toEqual([true, false]);
    scheduler.first("gamble", 2_100);
    expect(scheduler.isGamble("gamble")).toBe(false);
  });

  test("sheds at once what cannot make it, and what waiting will not help", () => {
    const scheduler = taught();
    expect(scheduler.ask("late", wish(20), 0)).toEqual([{ do: "shed", owner: "late" }]);
    scheduler.ask("a", wish(200), 0);
    expect(scheduler.ask("b", wish(200), 0)).toEqual([{ do: "shed", owner: "b" }]);
    expect(scheduler.waiting).toBe(0);
  });

  test("sends at once what it knows nothing of", () => {
    const scheduler = new Scheduler<string>(OPTIONS);
    expect(scheduler.ask("a", wish(1), 0)).toEqual([{ do: "grant", owner: "a" }]);
  });

  test.each([
    ["load", { ...USAGE, loadMs: 1e308 }],
    ["prefill", { ...USAGE, prefillMs: 1e308 }],
    ["prompt", { ...USAGE, promptTokens: 1e308 }],
    ["everything", { promptTokens: 1e308, prefillMs: 1e308, loadMs: 1e308 }],
  ])("believes no engine whose figures of its %s cannot be", (_what, usage) => {
    const scheduler = new Scheduler<string>(OPTIONS);
    const long = wish(60_000, { prompt: ["A persona. ".repeat(100), "Hello."] });
    const play = (atMs: number, engine: typeof USAGE): void => {
      scheduler.ask("a", long, atMs);
      scheduler.first("a", atMs + 50);
      scheduler.done("a", engine, atMs + 100);
    };
    for (let index = 0; index < 10; index++) play(index * 200, usage);
    expect(scheduler.predictor.loadMs).toBeLessThanOrEqual(50);
    for (let index = 10; index < 20; index++) play(index * 200, { ...USAGE, promptTokens: 280 });
    const other = wish(4_200, { prompt: ["Another one. ".repeat(100), "Hello."] });
    expect(scheduler.ask("b", other, 4_000)).toEqual([{ do: "grant", owner: "b" }]);
    expect(scheduler.predict(other.prompt, 4_000).likelyMs).toBeLessThan(200);
    expect(scheduler.predictor.charsPerToken).toBeGreaterThan(0.6);
  });

  test("sheds who waits at the last moment at which sending it would make sense", () => {
    const scheduler = taught();
    scheduler.ask("a", wish(), 0);
    scheduler.ask("b", wish(600), 0);
    expect(scheduler.nextDueMs).toBeCloseTo(550, 0);
    expect(scheduler.tick(549)).toEqual([]);
    expect(scheduler.tick(551)).toEqual([{ do: "shed", owner: "b" }]);
    expect(scheduler.nextDueMs).toBeUndefined();
  });

  test("sheds at once who cannot make it any more because another came before it", () => {
    const scheduler = taught();
    scheduler.ask("a", wish(9_000), 0);
    expect(scheduler.ask("nearby", wish(600, { priority: "nearby" }), 0)).toEqual([]);
    expect(scheduler.ask("reply", wish(550), 0)).toEqual([{ do: "shed", owner: "nearby" }]);
  });

  test("judges the overtaken one by one: who was shed comes before nobody any more", () => {
    const scheduler = taught({}, 50, 100);
    scheduler.ask("a", wish(9_000), 0);
    scheduler.ask("first", wish(300, { priority: "nearby" }), 0);
    scheduler.ask("second", wish(400, { priority: "nearby" }), 0);
    const shed = { do: "shed", owner: "first" };
    expect(scheduler.ask("reply", wish(300), 0)).toEqual([shed]);
  });

  test("holds the slot of a prefill that was given up until its predicted end", () => {
    const scheduler = taught();
    scheduler.ask("a", wish(1_000), 0);
    scheduler.ask("b", wish(1_000), 0);
    expect(scheduler.leave("a", 10)).toEqual([]);
    expect([scheduler.inFlight, scheduler.zombies, scheduler.waiting]).toEqual([0, 1, 1]);
    const dueMs = scheduler.nextDueMs ?? 0;
    expect(dueMs).toBeGreaterThan(50);
    expect(dueMs).toBeLessThan(100);
    expect(scheduler.tick(dueMs)).toEqual([{ do: "grant", owner: "b" }]);
  });

  test("holds it for as long again as it has taken once the prediction has proved wrong", () => {
    const scheduler = taught();
    scheduler.ask("a", wish(1_000), 0);
    scheduler.leave("a", 300);
    expect(scheduler.nextDueMs).toBe(600);
  });

  test("holds it for no longer than it was told, however long it has taken", () => {
    const scheduler = taught();
    scheduler.ask("a", wish(), 0);
    scheduler.leave("a", 3_000);
    expect(scheduler.nextDueMs).toBe(4_000);
  });

  test("of an engine that it does not know holds such a slot for as long as it was told", () => {
    const scheduler = new Scheduler<string>(OPTIONS);
    scheduler.ask("a", wish(1_000), 0);
    scheduler.leave("a", 10);
    expect(scheduler.nextDueMs).toBe(1_010);
  });

  test("takes the slot of ambience for a cue that would be late without it", () => {
    const scheduler = taught();
    scheduler.ask("bark", wish(300, { priority: "ambient" }), 0);
    scheduler.first("bark", 50);
    expect(scheduler.ask("reply", wish(300), 100)).toEqual([
      { do: "preempt", owner: "bark" },
      { do: "grant", owner: "reply" },
    ]);
  });

  test("charges a room for the zombies of its ambience, which others wait for", () => {
    // A round is worth 150 ms. Of each bark's slot 30 ms were its own, the rest is the zombie's.
    const scheduler = taught({}, 50, 100);
    const ambient = (room: string, atMs: number, deadlineMs: number) =>
      scheduler.ask(room, wish(deadlineMs, { priority: "ambient", room }), atMs);
    for (const atMs of [0, 1_000]) {
      ambient("noisy", atMs, Infinity);
      expect(scheduler.ask("reply", wish(atMs + 170), atMs + 30)).toEqual([
        { do: "preempt", owner: "noisy" },
      ]);
      const freeMs = scheduler.nextDueMs ?? NaN;
      expect(scheduler.tick(freeMs)).toEqual([{ do: "grant", owner: "reply" }]);
      scheduler.first("reply", freeMs + 50);
      scheduler.done("reply", USAGE, freeMs + 150);
    }
    scheduler.ask("reply", wish(), 2_000);
    ambient("noisy", 2_000, 5_000);
    ambient("quiet", 2_000, 6_000);
    scheduler.first("reply", 2_050);
    expect(scheduler.done("reply", USAGE, 2_150)).toEqual([{ do: "grant", owner: "quiet" }]);
  });

  test("charges a room for the zombies of cues that it gave up, which others wait for", () => {
    const scheduler = taught({}, 50, 100);
    scheduler.ask("holder", wish(9_000, { room: "holder" }), 0);
    scheduler.ask("patient", wish(9_000, { room: "patient" }), 0);
    const hasty = ["hasty 1", "hasty 2", "hasty 3", "hasty 4"];
    for (const owner of hasty) scheduler.ask(owner, wish(5_000, { room: "hasty" }), 0);
    scheduler.first("holder", 50);
    let granted = scheduler.done("holder", USAGE, 150)[0]?.owner;
    let nowMs = 150;
    const order: (string | undefined)[] = [];
    while (granted !== "patient" && order.length < 4) {
      order.push(granted);
      scheduler.leave(String(granted), nowMs + 10);
      nowMs = scheduler.nextDueMs ?? NaN;
      granted = scheduler.tick(nowMs)[0]?.owner;
    }
    // A round is 150 ms: of its own time they took 40, with their zombies more.
    expect(order).toEqual(hasty.slice(0, order.length));
    expect(order.length).toBeLessThan(4);
  });

  test("lets a room wait for as many rounds as its long line took, however urgent its next one is", () => {
    const scheduler = taught({}, 50, 100);
    scheduler.ask("holder", wish(90_000, { room: "holder" }), 0);
    scheduler.ask("long", wish(20_000, { room: "long" }), 0);
    for (const owner of ["b1", "b2", "b3"]) scheduler.ask(owner, wish(90_000, { room: "b" }), 0);
    scheduler.first("holder", 50);
    expect(scheduler.done("holder", USAGE, 150)).toEqual([{ do: "grant", owner: "long" }]);
    scheduler.ask("long again", wish(20_000, { room: "long" }), 150);
    scheduler.first("long", 200);
    expect(scheduler.done("long", USAGE, 1_150)).toEqual([{ do: "grant", owner: "b1" }]);
    scheduler.first("b1", 1_200);
    expect(scheduler.done("b1", USAGE, 1_300)).toEqual([{ do: "grant", owner: "b2" }]);
  });

  test("says how much can be read after a prefix, the less if that is cold", () => {
    const scheduler = taught();
    const cold = "A stranger's persona. ".repeat(10);
    const chars = (prefix: string, deadlineMs: number): number =>
      scheduler.charsAfter(prefix, deadlineMs, 0);
    expect(chars("A persona.", 200)).toBeGreaterThan(chars("A persona.", 100));
    expect(chars(cold, 200)).toBeLessThan(chars("A persona.", 200));
    expect(chars(cold, 10)).toBe(0);
    expect(new Scheduler<string>(OPTIONS).charsAfter(cold, 10, 0)).toBe(Infinity);
  });

  test("leaves ambience alone where the cue can wait for it", () => {
    const scheduler = taught();
    scheduler.ask("bark", wish(300, { priority: "ambient" }), 0);
    expect(scheduler.ask("reply", wish(2_000), 100)).toEqual([]);
  });

  test("past its bound sheds the last in order: ambience first", () => {
    const scheduler = taught({ maxWaiting: 2 });
    scheduler.ask("a", wish(), 0);
    scheduler.ask("bark", wish(60_000, { priority: "ambient" }), 0);
    scheduler.ask("b", wish(60_000), 0);
    expect(scheduler.ask("c", wish(60_000), 0)).toEqual([{ do: "shed", owner: "bark" }]);
    expect(scheduler.ask("d", wish(70_000), 0)).toEqual([{ do: "shed", owner: "d" }]);
  });

  test("never has more in flight than slots, zombies counted, whatever happens", () => {
    const step = fc.record({
      what: fc.constantFrom("ask", "ask", "ask", "first", "done", "failed", "leave", "pass"),
      pick: fc.nat(7),
      priority: fc.constantFrom("reply", "nearby", "ambient"),
      budgetMs: fc.integer({ min: 0, max: 800 }),
      room: fc.nat(3),
    });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 4 }), fc.array(step, { maxLength: 200 }), play),
      { numRuns: 300 },
    );
  });
});

interface Step {
  readonly what: "ask" | "first" | "done" | "failed" | "leave" | "pass";
  readonly pick: number;
  readonly priority: Wish["priority"];
  readonly budgetMs: number;
  readonly room: number;
}

function play(slots: number, steps: readonly Step[]): void {
  const scheduler = new Scheduler<number>({ ...OPTIONS, slots, maxWaiting: 8 });
  const waiting = new Set<number>();
  const running = new Set<number>();
  let nowMs = 0;
  let next = 0;
  const apply = (decisions: readonly { do: string; owner: number }[]): void => {
    for (const { do: what, owner } of decisions) {
      const from = what === "preempt" ? running : waiting;
      expect(from.delete(owner)).toBe(true);
      if (what === "grant") running.add(owner);
    }
  };
  for (const { what, pick, priority, budgetMs, room } of steps) {
    const held = [...running];
    const one = held[pick % held.length];
    if (what === "pass") {
      nowMs += budgetMs;
      apply(scheduler.tick(nowMs));
    } else if (what === "ask") {
      const owner = next++;
      waiting.add(owner);
      const prompt = [`persona of ${pick}`, `cue ${owner}`];
      apply(scheduler.ask(owner, { priority, room, deadlineMs: nowMs + budgetMs, prompt }, nowMs));
    } else if (what === "leave") {
      const all = [...waiting, ...running];
      const leaver = all[pick % all.length];
      if (leaver === undefined) continue;
      waiting.delete(leaver);
      running.delete(leaver);
      apply(scheduler.leave(leaver, nowMs));
    } else if (one !== undefined) {
      if (what === "first") scheduler.first(one, nowMs);
      else {
        running.delete(one);
        apply(what === "done" ? scheduler.done(one, USAGE, nowMs) : scheduler.failed(one, nowMs));
      }
    }
    expect(scheduler.inFlight).toBe(running.size);
    expect(scheduler.waiting).toBe(waiting.size);
    expect(scheduler.inFlight + scheduler.zombies).toBeLessThanOrEqual(slots);
    expect(scheduler.waiting).toBeLessThanOrEqual(8);
    expect(scheduler.hasFree && scheduler.waiting > 0).toBe(false);
    expect(scheduler.nextDueMs ?? Infinity).toBeGreaterThan(nowMs - 1e-6);
  }
}
