// File by file: all of the package is 15 MB more, with an API of OpenTelemetry and default metrics.
import Counter from "prom-client/lib/counter.js";
import Gauge from "prom-client/lib/gauge.js";
import Histogram from "prom-client/lib/histogram.js";
import Registry from "prom-client/lib/registry.js";
import type { Happening, LineEnded } from "../happening.ts";
import type { SidecarStatus } from "../status.ts";
import { type MetricRow, METRICS, SPANS } from "./metric-table.ts";
import { RuntimeWatch } from "./runtime-watch.ts";

type Table = typeof METRICS;
type NameOf<Type> = {
  [Name in keyof Table]: Table[Name]["type"] extends Type ? Name : never;
}[keyof Table];
type Labels = Readonly<Record<string, string>>;

/** What is read only when somebody scrapes. */
export interface MetricSources {
  status(): SidecarStatus;
  logLinesSuppressed(): number;
}

const GEN_AI: Labels = { gen_ai_operation_name: "chat", gen_ai_provider_name: "ollama" };
const ENDPOINT_PREFIX = "banterwire_endpoint_";
const US_PER_SECOND = 1e6;
const MS_PER_SECOND = 1_000;

/** The metrics of `METRICS`: events are counted as they come, books are read at each scrape. */
export class Metrics {
  readonly #sources: MetricSources;
  readonly #registry = new Registry();
  readonly #counters = new Map<string, Counter>();
  readonly #gauges = new Map<string, Gauge>();
  readonly #histograms = new Map<string, Histogram>();
  readonly #runtime: RuntimeWatch;
  /** Of the lines since the last scrape: eight counters are much to look up for each line. */
  readonly #sinceScrape = { tokens: 0, spansUs: SPANS.map(() => 0) };

  constructor(sources: MetricSources) {
    this.#sources = sources;
    for (const [name, row] of Object.entries<MetricRow>(METRICS)) this.#register(name, row);
    this.#runtime = new RuntimeWatch((v8js_gc_type, seconds) =>
      this.#record("v8js_gc_duration_seconds", seconds, { v8js_gc_type }),
    );
  }

  get contentType(): string {
    return this.#registry.contentType;
  }

  /** Prometheus's text format. */
  text(): Promise<string> {
    this.#readBooks(this.#sources.status());
    this.#readLines();
    this.#readProcess();
    return this.#registry.metrics();
  }

  close(): void {
    this.#runtime.close();
  }

  observe(happening: Happening): void {
    switch (happening.kind) {
      case "lineEnded":
        return this.#line(happening);
      case "outcomeReported": {
        const { source, ttftUs } = happening.report;
        if (source === "none" || ttftUs === null) return;
        const seconds = ttftUs / US_PER_SECOND;
        return this.#record("banterwire_room_time_to_first_token_seconds", seconds, { source });
      }
      case "generationCancelled":
        return this.#count("banterwire_cancels_total", { reason: happening.reason });
      case "textAfterCancel":
        return this.#count("banterwire_tokens_after_cancel_total", {}, happening.pieces);
      case "generationFailed":
        return this.#count("banterwire_generation_failures_total", { failure: happening.failure });
      case "endpointWedged":
        return this.#count("banterwire_wedges_total");
      case "endpointEjected":
        return this.#count("banterwire_ejections_total", { endpoint: happening.endpoint });
      case "failedOver":
        return this.#count("banterwire_failovers_total");
      case "hedged":
        return this.#count("banterwire_hedges_total");
      case "hedgeWon":
        return this.#count("banterwire_hedge_wins_total");
      case "foreignReload":
        return this.#count("banterwire_foreign_reloads_total");
      case "connectionOpened":
        this.#count("banterwire_connections_opened_total");
        if (happening.resumed) this.#count("banterwire_connections_resumed_total");
        return;
      case "connectionClosed":
        return this.#count("banterwire_connections_closed_total", { code: happening.code });
      case "upgradeRefused":
        return this.#count("banterwire_upgrades_refused_total", { code: happening.code });
      case "errorSent":
        return this.#count("banterwire_errors_sent_total", { code: happening.code });
      case "errorReceived":
        return this.#count("banterwire_errors_received_total");
      case "faulted":
        return this.#count("banterwire_faults_total");
      default:
        return;
    }
  }

  #line({ source, reason, ttftMs, queuedMs, tokens, spansUs }: LineEnded): void {
    this.#count("banterwire_lines_total", { source, reason });
    this.#sinceScrape.tokens += tokens;
    for (let index = 0; index < spansUs.length; index++) {
      this.#sinceScrape.spansUs[index]! += spansUs[index]!;
    }
    if (queuedMs !== undefined) {
      this.#record("banterwire_queue_wait_seconds", queuedMs / MS_PER_SECOND);
    }
    if (ttftMs !== undefined) {
      const labels = { ...GEN_AI, source };
      const seconds = ttftMs / MS_PER_SECOND;
      this.#record("gen_ai_server_time_to_first_token_seconds", seconds, labels);
    }
    const isWhole = source === "model" && (reason === "complete" || reason === "length");
    if (isWhole && tokens > 1) {
      const seconds = spansUs[6] / US_PER_SECOND / (tokens - 1);
      this.#record("gen_ai_server_time_per_output_token_seconds", seconds, GEN_AI);
    }
  }

  #readBooks({ endpoints, hitRates, connections, detached, rooms, lines }: SidecarStatus): void {
    const { sinceStart: hits } = hitRates;
    this.#total("banterwire_cues_total", hits.cues);
    this.#total("banterwire_model_hits_total", hits.modelHits);
    this.#total("banterwire_any_line_hits_total", hits.anyHits);
    this.#total("banterwire_ambient_cues_total", hits.ambient);
    this.#total("banterwire_withdrawn_cues_total", hits.withdrawn);
    this.#total("banterwire_silences_total", hits.silences);
    this.#total("banterwire_room_stalls_total", hits.roomStalls);
    this.#total("banterwire_unreported_cues_total", hits.unreported);
    this.#total("banterwire_log_lines_suppressed_total", this.#sources.logLinesSuppressed());
    this.#set("banterwire_connections", connections);
    this.#set("banterwire_detached_sessions", detached);
    this.#set("banterwire_rooms", rooms);
    this.#set("banterwire_open_lines", lines);
    for (const metric of this.#ofEndpoints) metric.reset();
    for (const endpoint of endpoints) this.#readEndpoint(endpoint);
  }

  #readLines(): void {
    const { tokens, spansUs } = this.#sinceScrape;
    this.#count("banterwire_tokens_total", {}, tokens);
    for (const [index, span] of SPANS.entries()) {
      const seconds = (spansUs[index] ?? 0) / US_PER_SECOND;
      this.#count("banterwire_line_span_seconds_total", { span }, seconds);
    }
    this.#sinceScrape.tokens = 0;
    spansUs.fill(0);
  }

  #readEndpoint(endpoint: SidecarStatus["endpoints"][number]): void {
    const labels = { endpoint: endpoint.name };
    this.#set("banterwire_endpoint_slots", endpoint.slots, labels);
    this.#set("banterwire_endpoint_in_flight", endpoint.inFlight, labels);
    this.#set("banterwire_endpoint_zombies", endpoint.zombies, labels);
    this.#set("banterwire_endpoint_queue_depth", endpoint.waiting, labels);
    this.#total("banterwire_endpoint_opens_total", endpoint.opens, labels);
    this.#total("banterwire_endpoint_closes_total", endpoint.closes, labels);
    for (const state of METRICS.banterwire_endpoint_state.labels.state) {
      const value = Number(state === endpoint.state);
      this.#set("banterwire_endpoint_state", value, { ...labels, state });
    }
  }

  /** What is read of endpoints: one that has gone leaves nothing behind. */
  get #ofEndpoints(): (Gauge | Counter)[] {
    const metrics = [...this.#gauges, ...this.#counters];
    return metrics.flatMap(([name, metric]) => (name.startsWith(ENDPOINT_PREFIX) ? [metric] : []));
  }

  #readProcess(): void {
    const { user, system } = process.cpuUsage();
    const { p50, p99, max } = this.#runtime.takeDelays();
    this.#total("process_cpu_seconds_total", (user + system) / US_PER_SECOND);
    this.#set("process_resident_memory_bytes", process.memoryUsage.rss());
    this.#set("process_start_time_seconds", performance.timeOrigin / MS_PER_SECOND);
    this.#set("nodejs_eventloop_delay_p50_seconds", p50);
    this.#set("nodejs_eventloop_delay_p99_seconds", p99);
    this.#set("nodejs_eventloop_delay_max_seconds", max);
  }

  #count(name: NameOf<"counter">, labels: Labels = {}, by = 1): void {
    this.#counters.get(name)?.inc(labels, by);
  }

  /** A counter whose count is kept elsewhere. */
  #total(name: NameOf<"counter">, value: number, labels: Labels = {}): void {
    const counter = this.#counters.get(name);
    counter?.remove(labels);
    counter?.inc(labels, value);
  }

  #set(name: NameOf<"gauge">, value: number, labels: Labels = {}): void {
    this.#gauges.get(name)?.set(labels, value);
  }

  #record(name: NameOf<"histogram">, value: number, labels: Labels = {}): void {
    this.#histograms.get(name)?.observe(labels, value);
  }

  #register(name: string, { type, help, labels = {}, buckets = [] }: MetricRow): void {
    const common = { name, help, labelNames: Object.keys(labels), registers: [this.#registry] };
    const counter = type === "counter" ? new Counter(common) : undefined;
    const histogram =
      type === "histogram" ? new Histogram({ ...common, buckets: [...buckets] }) : undefined;
    if (counter) this.#counters.set(name, counter);
    else if (histogram) this.#histograms.set(name, histogram);
    else this.#gauges.set(name, new Gauge(common));
    // A series that appears with its first event hides that event from rates.
    if (type === "gauge") return;
    for (const each of combinationsOf(labels)) {
      counter?.inc(each, 0);
      histogram?.zero(each);
    }
  }
}

/** Every combination of label values that is known beforehand; an endpoint's are not. */
function combinationsOf(labels: NonNullable<MetricRow["labels"]>): Labels[] {
  if ("endpoint" in labels) return [];
  return Object.entries(labels).reduce<Labels[]>(
    (some, [label, values]) =>
      some.flatMap((one) => values.map((value) => Object.assign({}, one, { [label]: value }))),
    [{}],
  );
}
