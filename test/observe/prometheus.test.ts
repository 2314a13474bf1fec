import { afterAll, beforeAll, expect, test } from "vitest";
import {
  checkMetrics,
  describeWithPrometheus,
  type Prometheus,
  startPrometheus,
} from "../support/prometheus.ts";
import { MIRA, type ObservedSidecar, startObservedSidecar } from "./observed-sidecar.ts";

/** Long enough for a model that answers at once, on any machine. */
const AMPLE_MS = 10_000;
/** Prometheus scrapes each second; it may take a few to come to it. */
const SCRAPED_WITHIN = { timeout: 60_000, interval: 200 };

describeWithPrometheus("a sidecar watched by a real Prometheus", () => {
  let observed: ObservedSidecar;
  let prometheus: Prometheus;

  beforeAll(async () => {
    observed = await startObservedSidecar();
    const room = observed.client.openRoom({ worldKey: 'tavern"} 1\n' });
    room.register(MIRA);
    for (const said of ["Hello!", "What is on?"]) {
      await room.say("mira", { said, ttftBudgetMs: AMPLE_MS }).ended;
    }
    prometheus = await startPrometheus(`127.0.0.1:${observed.sidecar.port}`);
  });

  afterAll(async () => {
    await prometheus?.stop();
    await observed.close();
  });

  test("is scraped without a complaint, and its cues and lines arrive", async () => {
    await expect.poll(() => prometheus.query("banterwire_cues_total"), SCRAPED_WITHIN).toBe(2);
    // One scrape may run out of its second on a busy machine.
    await expect.poll(() => prometheus.query('up{job="banterwire"}'), SCRAPED_WITHIN).toBe(1);
    await expect.poll(() => prometheus.lastError(), SCRAPED_WITHIN).toBe("");
    expect(await prometheus.query("sum(banterwire_lines_total)")).toBe(2);
    const { cues, anyHits } = observed.sidecar.status().hitRates.sinceStart;
    expect(cues).toBe(2);
    expect(await prometheus.query("banterwire_any_line_hits_total")).toBe(anyHits);
  });

  test("can be asked for a quantile of its time to first token", async () => {
    const median =
      "histogram_quantile(0.5, sum by (le) (gen_ai_server_time_to_first_token_seconds_bucket))";
    await expect.poll(() => prometheus.query(median), SCRAPED_WITHIN).toBeGreaterThan(0);
  });

  test("has metrics that promtool finds nothing to say of", async () => {
    expect(checkMetrics(await observed.page("/metrics"))).toEqual({ status: 0, output: "" });
  });
});
