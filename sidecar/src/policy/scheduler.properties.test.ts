import * as fc from "fast-check";
import { expect, test } from "vitest";
import { type Decision, Scheduler } from "./scheduler.ts";
import type { Wish } from "./wish.ts";

const DECODE_MS = 300;
const TTFT_MS = 40;
const USAGE = { promptTokens: 25, prefillMs: 10, loadMs: 0 };
const PRIORITIES = ["reply", "nearby", "ambient"] as const;

interface Asked extends Wish {
  readonly id: number;
}

/** A scheduler with an engine that takes the same time for each generation, in virtual time. */
class World {
  readonly scheduler: Scheduler<Asked>;
  readonly waiting = new Set<Asked>();
  readonly running = new Map<Asked, { firstMs: number; endMs: number }>();
  readonly granted: Asked[] = [];
  readonly shed: Asked[] = [];
  /** Told of each grant, before the next thing happens. */
  onGrant: (asked: Asked) => void = () => {};
  nowMs = 0;
  #ids = 0;

  constructor(slots: number) {
    this.scheduler = new Scheduler({
      slots,
      maxWaiting: 1_000,
      zombieHoldMs: 1_000,
      // Every prompt is as cold as any other.
      cache: { memoryChars: 0, minSimilarity: 1 },
    });
    for (let lesson = 0; lesson < 8; lesson++) {
      this.ask({ deadlineMs: this.nowMs + 60_000 });
      this.pass(TTFT_MS + DECODE_MS);
    }
    this.granted.length = 0;
  }

  ask(wish: Partial<Wish>): Asked {
    const id = this.#ids++;
    const asked = {
      id,
      priority: "reply",
      room: 1,
      deadlineMs: this.nowMs + 200,
      prompt: ["A persona.", String(id).padStart(8, "0")],
      ...wish,
    } as const;
    this.waiting.add(asked);
    this.#apply(this.scheduler.ask(asked, asked, this.nowMs));
    return asked;
  }

  /** Moves time on, event by event. */
  pass(ms: number): void {
    const untilMs = this.nowMs + ms;
    for (;;) {
      const dueMs = Math.min(this.scheduler.nextDueMs ?? Infinity, this.#engineDueMs());
      if (dueMs > untilMs) break;
      this.nowMs = Math.max(this.nowMs, dueMs);
      this.#runEngine();
      this.#apply(this.scheduler.tick(this.nowMs));
    }
    this.nowMs = untilMs;
  }

  #engineDueMs(): number {
    let dueMs = Infinity;
    for (const { firstMs, endMs } of this.running.values()) dueMs = Math.min(dueMs, firstMs, endMs);
    return dueMs;
  }

  #runEngine(): void {
    for (const [asked, times] of this.running) {
      if (times.firstMs <= this.nowMs) {
        times.firstMs = Infinity;
        this.scheduler.first(asked, this.nowMs);
      }
      if (times.endMs > this.nowMs) continue;
      this.running.delete(asked);
      this.#apply(this.scheduler.done(asked, USAGE, this.nowMs));
    }
  }

  #apply(decisions: readonly Decision<Asked>[]): void {
    for (const { do: what, owner } of decisions) {
      if (what === "preempt") this.running.delete(owner);
      else this.waiting.delete(owner);
      if (what === "shed") this.shed.push(owner);
      if (what !== "grant") continue;
      const firstMs = this.nowMs + TTFT_MS;
      this.running.set(owner, { firstMs, endMs: firstMs + DECODE_MS });
      this.granted.push(owner);
      this.onGrant(owner);
    }
  }
}

const slots = fc.integer({ min: 1, max: 4 });
const arrivals = fc.array(
  fc.record({
    gapMs: fc.integer({ min: 0, max: 300 }),
    budgetMs: fc.integer({ min: 0, max: 1_500 }),
    priority: fc.constantFrom(...PRIORITIES),
    room: fc.nat(5),
  }),
  { minLength: 1, maxLength: 80 },
);

test("nobody starves: each has a slot, or is told that it has none, by its deadline", () => {
  fc.assert(
    fc.property(slots, arrivals, (total, cues) => {
      const world = new World(total);
      for (const { gapMs, budgetMs, priority, room } of cues) {
        world.pass(gapMs);
        world.ask({ priority, room, deadlineMs: world.nowMs + budgetMs });
        for (const { deadlineMs } of world.waiting) {
          expect(deadlineMs).toBeGreaterThan(world.nowMs);
        }
      }
      world.pass(10_000);
      expect([world.waiting.size, world.running.size]).toEqual([0, 0]);
      expect(world.granted.length + world.shed.length).toBe(cues.length);
    }),
  );
});

test("no cue is sent that the predictor rules out", () => {
  fc.assert(
    fc.property(slots, arrivals, (total, cues) => {
      const world = new World(total);
      world.onGrant = ({ prompt, deadlineMs }) => {
        const { lowMs } = world.scheduler.predict(prompt, world.nowMs);
        expect(world.nowMs + lowMs).toBeLessThanOrEqual(deadlineMs);
      };
      for (const { gapMs, budgetMs, priority, room } of cues) {
        world.pass(gapMs);
        world.ask({ priority, room, deadlineMs: world.nowMs + budgetMs });
      }
      world.pass(10_000);
    }),
  );
});

test("of a room's cues of one priority the earliest deadline goes first, and no lower priority before", () => {
  fc.assert(
    fc.property(slots, arrivals, (total, cues) => {
      const world = new World(total);
      world.onGrant = ({ priority, deadlineMs, room }) => {
        for (const other of world.waiting) {
          const isHigher = PRIORITIES.indexOf(other.priority) < PRIORITIES.indexOf(priority);
          const isEarlier = other.priority === priority && other.deadlineMs < deadlineMs;
          expect(isHigher || (isEarlier && other.room === room)).toBe(false);
        }
      };
      for (const { gapMs, budgetMs, priority, room } of cues) {
        world.pass(gapMs / 4);
        world.ask({ priority, room, deadlineMs: world.nowMs + budgetMs });
      }
      world.pass(10_000);
    }),
  );
});

test("rooms that always want more than there is get equal shares, however urgent they say it is", () => {
  fc.assert(
    fc.property(
      slots,
      fc.array(fc.integer({ min: 2, max: 50 }), { minLength: 2, maxLength: 8 }),
      fc.constantFrom(...PRIORITIES),
      (total, urgencies, priority) => {
        const world = new World(total);
        const served = urgencies.map(() => 0);
        world.onGrant = ({ room }) => void served[Number(room)]!++;
        for (let turn = 0; turn < 60 * urgencies.length; turn++) {
          for (const [room, urgency] of urgencies.entries()) {
            const waits = Array.from(world.waiting).filter((asked) => asked.room === room);
            if (waits.length > 4) continue;
            // As many waiting as there are, none so urgent that waiting in turn would be vain.
            const deadlineMs = world.nowMs + urgency * urgencies.length * DECODE_MS * 2;
            world.ask({ room, priority, deadlineMs });
          }
          world.pass(DECODE_MS / total);
        }
        expect(jainOf(served)).toBeGreaterThanOrEqual(0.99);
      },
    ),
    { numRuns: 30 },
  );
});

test("a room that floods takes nothing from one that asks for less than its share", () => {
  for (const [total, budgetMs] of [
    [1, 1_000],
    [4, 1_000],
    [4, 500],
  ] as const) {
    const world = new World(total);
    const modest = { asked: 0, served: 0 };
    world.onGrant = ({ room }) => {
      if (room === "modest") modest.served++;
    };
    for (let turn = 0; turn < 500; turn++) {
      // No slot's turn is a multiple of what the modest room takes between two cues.
      if (turn % 101 === 100) {
        modest.asked++;
        world.ask({ room: "modest", deadlineMs: world.nowMs + budgetMs });
      }
      for (let cue = 0; cue < total; cue++) {
        world.ask({ room: "flood", deadlineMs: world.nowMs + budgetMs });
      }
      world.pass(10);
    }
    expect({ total, budgetMs, ...modest }).toMatchObject({ asked: 4, served: 4 });
  }
});

test("a line is judged by lines, not by warm-ups and canaries of one token", () => {
  const world = new World(1);
  for (let lesson = 0; lesson < 64; lesson++) {
    const warmUp = world.ask({ deadlineMs: Infinity, priority: "ambient" });
    world.scheduler.first(warmUp, world.nowMs);
    world.running.delete(warmUp);
    world.scheduler.done(warmUp, USAGE, world.nowMs);
  }
  world.ask({ deadlineMs: world.nowMs + 200 });
  const { waitMs } = world.scheduler.offer(
    { priority: "reply", room: 2, deadlineMs: world.nowMs + 200, prompt: ["A persona."] },
    world.nowMs,
  );
  expect(waitMs).toBeGreaterThanOrEqual(DECODE_MS);
});

/** Jain's index: 1 if all are equal, 1 / n if one has everything. */
function jainOf(shares: readonly number[]): number {
  const sum = shares.reduce((all, share) => all + share, 0);
  return sum ** 2 / (shares.length * shares.reduce((all, share) => all + share ** 2, 0));
}
