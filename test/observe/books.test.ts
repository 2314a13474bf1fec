import { sidecarStatus } from "@banterwire/sidecar";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { PATIENCE } from "../support/patience.ts";
import {
  MIRA,
  type ObservedSidecar,
  startObservedSidecar,
  UNANSWERED,
} from "./observed-sidecar.ts";

const BUDGET_MS = 200;
/** The sidecar gives up earlier than this, the room by itself later. */
const MISSED_AFTER_MS = 185;
/** Two canaries and Mira's prefix. */
const WARM_UPS = 3;

let observed: ObservedSidecar;

beforeAll(async () => {
  observed = await startObservedSidecar();
  const { client, clock } = observed;
  const room = client.openRoom({ worldKey: "tavern" });
  room.register(MIRA);
  await quietAfter(WARM_UPS);
  for (const said of ["Hello!", "What is on?", "Farewell."]) await room.say("mira", { said }).ended;
  await room.say("mira", { event: "Rain.", priority: "ambient" }).ended;
  const missed = room.say("mira", { said: UNANSWERED, ttftBudgetMs: BUDGET_MS });
  await vi.waitUntil(() => timesUnanswered() === 1, PATIENCE);
  clock.advance(MISSED_AFTER_MS);
  await missed.ended;
  // The sidecar makes sure that the engine answers before it trusts it again.
  await quietAfter(WARM_UPS + 4 + 1 + 1);
  const withdrawn = room.say("mira", { said: UNANSWERED, ttftBudgetMs: BUDGET_MS });
  await vi.waitUntil(() => timesUnanswered() === 2, PATIENCE);
  withdrawn.cancel();
  await withdrawn.ended;
  await vi.waitUntil(() => observed.sidecar.status().hitRates.sinceStart.withdrawn === 1, PATIENCE);
});

/** Moves time on until so many generations have been asked for, and all are over. */
async function quietAfter(generations: number): Promise<void> {
  const quiet = { opens: generations, inFlight: 0, zombies: 0 };
  await vi.waitFor(() => {
    observed.clock.advance(10);
    expect(observed.sidecar.status().endpoints[0]).toMatchObject(quiet);
  }, PATIENCE);
}

function timesUnanswered(): number {
  const { received } = observed.ollama.books;
  return received.filter(({ body }) => JSON.stringify(body ?? "").includes(UNANSWERED)).length;
}

afterAll(async () => {
  await observed.close();
});

async function status(): Promise<ReturnType<typeof sidecarStatus.parse>> {
  return sidecarStatus.parse(JSON.parse(await observed.page("/status")));
}

async function metric(series: string): Promise<number> {
  const text = await observed.page("/metrics");
  const line = text.split("\n").find((one) => one.startsWith(`${series} `));
  return Number(line?.slice(series.length + 1));
}

describe("the hit rates", () => {
  test("of /status are those that the game's own client counted", async () => {
    const { sinceStart, lastMinute } = (await status()).hitRates;
    expect(sinceStart).toMatchObject(observed.client.hitRates);
    expect(sinceStart).toMatchObject({ cues: 4, modelHits: 3, anyHits: 4, unreported: 0 });
    expect(sinceStart).toMatchObject({ modelHitRate: 0.75, anyHitRate: 1 });
    expect(lastMinute).toEqual(sinceStart);
  });

  test("count apart what was ambient and what the room withdrew", async () => {
    expect((await status()).hitRates.sinceStart).toMatchObject({ ambient: 1, withdrawn: 1 });
  });

  test("of /metrics are those of /status", async () => {
    const { cues, modelHits, anyHits } = (await status()).hitRates.sinceStart;
    expect(await metric("banterwire_cues_total")).toBe(cues);
    expect(await metric("banterwire_model_hits_total")).toBe(modelHits);
    expect(await metric("banterwire_any_line_hits_total")).toBe(anyHits);
    expect(await metric("banterwire_withdrawn_cues_total")).toBe(1);
  });
});

describe("the lines", () => {
  test("are counted by source and reason", async () => {
    expect(await metric('banterwire_lines_total{source="model",reason="complete"}')).toBe(4);
    expect(await metric('banterwire_lines_total{source="fallback",reason="budget"}')).toBe(1);
    expect(await metric('banterwire_lines_total{source="none",reason="cancelled"}')).toBe(1);
    expect(await metric("banterwire_open_lines")).toBe(0);
  });

  test("that were given up are counted by why", async () => {
    expect(await metric('banterwire_cancels_total{reason="budget"}')).toBe(1);
    expect(await metric('banterwire_cancels_total{reason="cancelled"}')).toBe(1);
  });

  test("have their time to first token at the room and at the sidecar", async () => {
    const room = "banterwire_room_time_to_first_token_seconds_count";
    expect(await metric(`${room}{source="model"}`)).toBe(4);
    expect(await metric(`${room}{source="fallback"}`)).toBe(1);
  });
});

test("the endpoint's books are those of the engine, and balance once nothing is in flight", async () => {
  await quietAfter(WARM_UPS + 4 + 2 + 1);
  const { endpoints, connections, rooms, lines } = await status();
  const [endpoint] = endpoints;
  const { opens, closes } = observed.ollama.books;
  expect(endpoint).toMatchObject({ slots: 4, inFlight: 0, waiting: 0, opens, closes });
  expect(endpoint.opens).toBe(endpoint.closes);
  expect({ connections, rooms, lines }).toEqual({ connections: 1, rooms: 1, lines: 0 });
  expect(await metric('banterwire_endpoint_opens_total{endpoint="ollama"}')).toBe(opens);
  expect(await metric('banterwire_endpoint_closes_total{endpoint="ollama"}')).toBe(closes);
});
