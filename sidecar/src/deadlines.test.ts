import { type Client, createClient, type Line, type Room } from "@banterwire/protocol/client";
import { FakeClock, memoryTransport } from "@banterwire/protocol/testing";
import { describe, expect, test } from "vitest";
import { NO_CARDS } from "./config/card.ts";
import { DEFAULT_CONFIG, limitsOf } from "./config.ts";
import { Connection } from "./connection.ts";
import { unobserved } from "./happening.ts";
import { RateLimit } from "./policy/rate.ts";
import { SessionTable } from "./session/session-table.ts";
import { HandUpstream } from "./testing/hand-upstream.ts";

const BUDGET_MS = 200;
/** The round trip has been measured by then. */
const SETTLED_MS = 5_000;
/** The client's own fallback, delivery, and the sidecar's timer. */
const GUARDS_MS = 20;

interface Played {
  readonly clock: FakeClock;
  readonly upstream: HandUpstream;
  readonly client: Client;
  readonly say: () => Line;
}

/** A game's client and a sidecar's connection, production code at both ends of a slow wire. */
function play(upDelayMs: number, downDelayMs: number, settledMs = SETTLED_MS): Played {
  const clock = new FakeClock();
  const upstream = new HandUpstream();
  const sessions = new SessionTable({
    observe: unobserved,
    clock,
    upstream,
    cards: () => NO_CARDS,
    gameRate: new RateLimit(10_000, 0),
    limits: () => limitsOf(DEFAULT_CONFIG),
    memory: () => DEFAULT_CONFIG,
    resumeWindowMs: () => DEFAULT_CONFIG.resumeWindowMs,
    maxDetached: () => DEFAULT_CONFIG.maxDetachedSessions,
  });
  const openTransport = memoryTransport({
    clock,
    upDelayMs,
    downDelayMs,
    accept(socket) {
      const connection = new Connection({
        socket,
        game: undefined,
        connection: 1,
        sessions,
        observe: unobserved,
        clock,
        ttftBudgetMs: BUDGET_MS,
        epoch: 7,
      });
      return {
        received: (bytes) => connection.receive(bytes, true),
        lost: () => connection.lost(),
      };
    },
  });
  const client = createClient({ url: "ws://memory", clock, openTransport });
  const room: Room = client.openRoom({ worldKey: "tavern" });
  room.register({ id: "mira", name: "Mira", persona: "Keeps the bar.", fallbacks: ["Hm?"] });
  clock.advance(settledMs);
  return { clock, upstream, client, say: () => room.say("mira", { said: "Hello!" }) };
}

describe.each([
  [0, 0],
  [30, 0],
  [0, 30],
  [30, 30],
])("with %i ms up and %i ms down", (upMs, downMs) => {
  test("the sidecar's fallback is at the room before the client's own, and within the budget", async () => {
    const { clock, client, say } = play(upMs, downMs);
    const line = say();
    clock.advance(BUDGET_MS);
    const result = await line.ended;
    expect(result).toMatchObject({ source: "fallback", reason: "budget", roomStall: false });
    expect(result.spansUs, "the sidecar's own word").toBeDefined();
    expect(result.ttftMs).toBeLessThan(BUDGET_MS - 10);
    expect(client.hitRates).toMatchObject({ cues: 1, anyHits: 1, modelHits: 0, roomStalls: 0 });
  });

  test("the model keeps all of the budget but a round trip and the guards", () => {
    const { clock, upstream, say } = play(upMs, downMs);
    const startedMs = clock.nowMs();
    say();
    clock.advance(upMs);
    upstream.last.grant();
    while (!upstream.last.isAborted) clock.advance(1);
    const givenUpMs = clock.nowMs() - startedMs;
    const latestMs = BUDGET_MS - GUARDS_MS - downMs;
    expect(givenUpMs).toBeLessThanOrEqual(latestMs);
    // What the estimate of the round trip keeps back beside its mean.
    expect(givenUpMs).toBeGreaterThanOrEqual(latestMs - (upMs + downMs) / 2 - 1);
  });
});

test("a cue that is asked while nothing is known of the wire is in the budget all the same", async () => {
  const { clock, say } = play(30, 30, 121);
  const line = say();
  clock.advance(BUDGET_MS);
  expect((await line.ended).ttftMs).toBeLessThan(BUDGET_MS);
});

test("a room whose loop blocks for 300 ms has its line late, once, and counts a room stall", async () => {
  const { clock, client, say } = play(0, 0);
  const line = say();
  clock.block(300);
  clock.turn();
  clock.advance(1_000);
  expect(await line.ended).toMatchObject({ source: "fallback", ttftMs: 300, roomStall: true });
  expect(client.hitRates).toMatchObject({ cues: 1, anyHits: 0, roomStalls: 1 });
});
