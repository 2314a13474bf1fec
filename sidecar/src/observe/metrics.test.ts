import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Happening } from "../happening.ts";
import type { SidecarStatus } from "../status.ts";
import { hitRateStatus } from "./hit-rates.ts";
import { type MetricRow, METRICS } from "./metric-table.ts";
import { Metrics } from "./metrics.ts";

const HOSTILE = 'tavern"}\nx 1';

const HITS = hitRateStatus({
  cues: 10,
  modelHits: 7,
  anyHits: 9,
  ambient: 3,
  withdrawn: 2,
  silences: 1,
  roomStalls: 1,
  unreported: 1,
});

const STATUS: SidecarStatus = {
  version: "0",
  uptimeMs: 1,
  connections: 2,
  detached: 1,
  rooms: 3,
  lines: 4,
  endpoints: [
    {
      name: "ollama",
      kind: "ollama",
      url: HOSTILE,
      address: HOSTILE,
      engineVersion: HOSTILE,
      model: HOSTILE,
      contextLength: null,
      state: "warm",
      trouble: null,
      share: 1,
      warmTtftMs: 1,
      slots: 5,
      inFlight: 4,
      held: 1,
      zombies: 1,
      waiting: 6,
      opens: 20,
      closes: 16,
      prefixes: { capacity: 1, cold: 0, warming: 0, warm: 1, evicted: 0, refused: 0 },
      predictor: { observations: 4, msPerToken: 0.1, charsPerToken: 4, overheadMs: 20, loadMs: 0 },
    },
  ],
  hitRates: { sinceStart: HITS, lastMinute: HITS },
};

const NAME = { connection: 1, room: 1, line: 1 };
const ENDED: Happening = {
  kind: "lineEnded",
  ...NAME,
  character: HOSTILE,
  priority: "reply",
  source: "model",
  reason: "complete",
  ttftMs: 90,
  queuedMs: 3,
  tokens: 5,
  spansUs: [3_000, 0, 0, 0, 87_000, 0, 200_000],
};
const OUTCOME: Happening = {
  kind: "outcomeReported",
  connection: 1,
  report: {
    kind: "outcome",
    line: 1,
    room: 1,
    character: HOSTILE,
    priority: "reply",
    source: "model",
    ttftUs: 95_000,
    budgetMs: 200,
    roomStall: false,
    withdrawn: false,
  },
};

/** All that a peer or an engine can make happen, with names as bad as they come. */
const EVERYTHING: readonly Happening[] = [
  ENDED,
  OUTCOME,
  { kind: "connectionOpened", connection: 1, client: HOSTILE, resumed: false },
  { kind: "connectionClosed", connection: 1, code: "lost" },
  { kind: "upgradeRefused", code: "unauthorized" },
  { kind: "errorSent", connection: 1, code: "bad_field", why: HOSTILE, room: null, line: null },
  { kind: "errorReceived", connection: 1, code: HOSTILE, why: HOSTILE },
  { kind: "faulted", connection: 1, error: new Error(HOSTILE) },
  { kind: "roomOpened", connection: 1, room: 1, worldKey: HOSTILE },
  { kind: "generationCancelled", ...NAME, reason: "budget" },
  { kind: "generationFailed", origin: HOSTILE, failure: "engine", why: HOSTILE },
  { kind: "endpointWedged", origin: HOSTILE, code: HOSTILE, message: HOSTILE, remedy: HOSTILE },
  { kind: "foreignReload", origin: HOSTILE, contextLength: 1 },
  { kind: "textAfterCancel", pieces: 4 },
];

let metrics: Metrics;

beforeEach(() => {
  metrics = new Metrics({ status: () => STATUS, logLinesSuppressed: () => 8 });
});

afterEach(() => {
  metrics.close();
});

async function samples(): Promise<Map<string, number>> {
  const lines = (await metrics.text()).split("\n").filter((line) => line && !line.startsWith("#"));
  return new Map(
    lines.map((line) => [line.slice(0, line.lastIndexOf(" ")), Number(line.split(" ").at(-1))]),
  );
}

/** Whether the table has the series' metric, and each of its labels with that value. */
function isInTable(series: string): boolean {
  const [, name = "", labels = ""] = SERIES.exec(series) ?? [];
  const row = Object.entries<MetricRow>(METRICS).find(([known]) => known === name)?.[1];
  return (
    row !== undefined &&
    [...labels.matchAll(/(\w+)="([^"]*)"/gu)].every(
      ([, label = "", value = ""]) => label === "le" || row.labels?.[label]?.includes(value),
    )
  );
}

const SERIES = /^(\w+?)(?:_bucket|_sum|_count)?(?:\{(.*)\})?$/u;

test("every metric of the table is there from the start, those that nothing feeds yet at zero", async () => {
  const text = await metrics.text();
  const rows = Object.entries<MetricRow>(METRICS);
  const heads = rows.map(
    ([name, { type, help }]) => `# HELP ${name} ${help}\n# TYPE ${name} ${type}`,
  );
  const zeros = rows.filter(([, { isFed }]) => isFed === false).map(([name]) => `\n${name} 0\n`);
  expect(zeros.length).toBeGreaterThan(0);
  expect([...heads, ...zeros].filter((part) => !text.includes(part))).toEqual([]);
});

describe("labels", () => {
  test("have the table's values and no others, whatever peers call themselves", async () => {
    for (const happening of EVERYTHING) metrics.observe(happening);
    const strangers = [...(await samples()).keys()].filter((series) => !isInTable(series));
    expect(strangers).toEqual([]);
  });

  test("make no more series with more peers", async () => {
    for (const happening of EVERYTHING) metrics.observe(happening);
    const before = (await samples()).size;
    for (let connection = 2; connection < 100; connection++) {
      metrics.observe({ ...ENDED, connection, character: `c${connection}` });
      metrics.observe({ kind: "errorReceived", connection, code: `e${connection}`, why: "" });
    }
    expect((await samples()).size).toBe(before);
  });
});

test("a line counts by source and reason, with its tokens and where its time went", async () => {
  metrics.observe(ENDED);
  const found = await samples();
  expect(found.get('banterwire_lines_total{source="model",reason="complete"}')).toBe(1);
  expect(found.get("banterwire_tokens_total")).toBe(5);
  expect(found.get('banterwire_line_span_seconds_total{span="decode"}')).toBe(0.2);
  expect(found.get("banterwire_queue_wait_seconds_sum")).toBe(0.003);
  const genAi = 'gen_ai_operation_name="chat",gen_ai_provider_name="ollama"';
  const ttft = "gen_ai_server_time_to_first_token_seconds";
  expect(found.get(`${ttft}_sum{${genAi},source="model"}`)).toBe(0.09);
  expect(found.get(`gen_ai_server_time_per_output_token_seconds_sum{${genAi}}`)).toBe(0.05);
});

test("an authored line is no output of the model's", async () => {
  metrics.observe({ ...ENDED, source: "fallback", reason: "budget", tokens: 0 });
  const found = await samples();
  const genAi = 'gen_ai_operation_name="chat",gen_ai_provider_name="ollama"';
  expect(found.get(`gen_ai_server_time_per_output_token_seconds_count{${genAi}}`)).toBe(0);
  const ttft = "gen_ai_server_time_to_first_token_seconds";
  expect(found.get(`${ttft}_count{${genAi},source="fallback"}`)).toBe(1);
});

test("the room's time to first token is what the room reported", async () => {
  metrics.observe(OUTCOME);
  const found = await samples();
  expect(found.get('banterwire_room_time_to_first_token_seconds_sum{source="model"}')).toBe(0.095);
});

test("the books are read at each scrape, not added up", async () => {
  await samples();
  const found = await samples();
  expect(found.get("banterwire_cues_total")).toBe(10);
  expect(found.get("banterwire_model_hits_total")).toBe(7);
  expect(found.get("banterwire_any_line_hits_total")).toBe(9);
  expect(found.get("banterwire_unreported_cues_total")).toBe(1);
  expect(found.get("banterwire_log_lines_suppressed_total")).toBe(8);
  expect(found.get('banterwire_endpoint_opens_total{endpoint="ollama"}')).toBe(20);
  expect(found.get('banterwire_endpoint_queue_depth{endpoint="ollama"}')).toBe(6);
  expect(found.get('banterwire_endpoint_state{endpoint="ollama",state="warm"}')).toBe(1);
  expect(found.get('banterwire_endpoint_state{endpoint="ollama",state="down"}')).toBe(0);
});

test("cancels, late tokens, failures and reloads are counted", async () => {
  for (const happening of EVERYTHING) metrics.observe(happening);
  const found = await samples();
  expect(found.get('banterwire_cancels_total{reason="budget"}')).toBe(1);
  expect(found.get("banterwire_tokens_after_cancel_total")).toBe(4);
  expect(found.get('banterwire_generation_failures_total{failure="engine"}')).toBe(1);
  expect(found.get("banterwire_foreign_reloads_total")).toBe(1);
  expect(found.get('banterwire_errors_sent_total{code="bad_field"}')).toBe(1);
  expect(found.get('banterwire_upgrades_refused_total{code="unauthorized"}')).toBe(1);
});
