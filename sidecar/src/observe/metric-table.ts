import { CODES, codeEntry, type Code, REASONS, SOURCES } from "@banterwire/protocol";
import { MAX_ENDPOINTS } from "../config/endpoint-rows.ts";
import { CANCEL_REASONS, FAILURE_KINDS } from "../happening.ts";

/** One metric: what it means, and every value that its labels can have. */
export interface MetricRow {
  readonly type: "counter" | "gauge" | "histogram";
  readonly help: string;
  readonly labels?: Readonly<Record<string, readonly string[]>>;
  /** Upper bounds of a histogram's buckets, in its unit. */
  readonly buckets?: readonly number[];
  /** False where it is 0 because what it counts is not there yet. */
  readonly isFed?: false;
}

const ALL_CODES = Object.keys(CODES) as Code[];
const CLOSING_CODES = ALL_CODES.filter((code) => codeEntry(code).closeCode !== undefined);
const SPANS = ["queue", "connect", "load", "prefill", "first_token", "filter", "decode"] as const;
const FURTHER = Array.from({ length: MAX_ENDPOINTS - 1 }, (_, at) => `ollama-${at + 2}`);
const ENDPOINT = { endpoint: ["ollama", ...FURTHER, "embedded"] } as const;

/** What the OpenTelemetry conventions advise, and finer about the usual budget of 200 ms. */
const TTFT_BUCKETS = [
  0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.125, 0.15, 0.175, 0.2, 0.25, 0.5, 0.75, 1, 2.5,
  5, 7.5, 10,
] as const;
const PER_TOKEN_BUCKETS = [0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1, 2.5];
const GC_BUCKETS = [0.001, 0.01, 0.1, 1, 10];
const GEN_AI = { gen_ai_operation_name: ["chat"], gen_ai_provider_name: ["ollama"] } as const;

/**
 * Every metric of `/metrics` by its name. Names, units and labels are those of OpenTelemetry's
 * conventions where it has one (`gen_ai.server.time_to_first_token`), with dots as underscores and
 * the unit at the end. No label holds what a peer says.
 */
export const METRICS = {
  gen_ai_server_time_to_first_token_seconds: {
    type: "histogram",
    help: "From a cue's arrival at the sidecar to its first visible text, by where that came from.",
    labels: { ...GEN_AI, source: ["model", "fallback"] },
    buckets: TTFT_BUCKETS,
  },
  gen_ai_server_time_per_output_token_seconds: {
    type: "histogram",
    help: "Mean time per token after the first one, of lines that the model finished.",
    labels: GEN_AI,
    buckets: PER_TOKEN_BUCKETS,
  },
  banterwire_room_time_to_first_token_seconds: {
    type: "histogram",
    help: "From the room's call to its first visible text, as the room reported it.",
    labels: { source: ["model", "fallback"] },
    buckets: TTFT_BUCKETS,
  },
  banterwire_cues_total: {
    type: "counter",
    help: "Cues that count towards the hit rates: all but ambient and withdrawn ones and silences.",
  },
  banterwire_model_hits_total: {
    type: "counter",
    help: "Cues with first visible text from the model within the budget.",
  },
  banterwire_any_line_hits_total: {
    type: "counter",
    help: "Cues with any visible text within the budget.",
  },
  banterwire_ambient_cues_total: { type: "counter", help: "Ambient cues, counted apart." },
  banterwire_withdrawn_cues_total: {
    type: "counter",
    help: "Cues that the room cancelled before their deadline, counted apart.",
  },
  banterwire_silences_total: {
    type: "counter",
    help: "Cues to which the character chose to say nothing, counted apart.",
  },
  banterwire_room_stalls_total: {
    type: "counter",
    help: "Misses because the room's own event loop was blocked past the deadline.",
  },
  banterwire_unreported_cues_total: {
    type: "counter",
    help: "Misses because the room reported no outcome within 10 s of the line's end.",
  },
  banterwire_lines_total: {
    type: "counter",
    help: "Lines that have ended, by the source of their text and the reason of their end.",
    labels: { source: SOURCES, reason: REASONS },
  },
  banterwire_line_span_seconds_total: {
    type: "counter",
    help: "Where the time of ended lines went at the sidecar.",
    labels: { span: SPANS },
  },
  banterwire_tokens_total: { type: "counter", help: "Tokens of lines that have ended." },
  banterwire_queue_wait_seconds: {
    type: "histogram",
    help: "How long lines waited for a slot, those included that never got one.",
    buckets: TTFT_BUCKETS,
  },
  banterwire_cancels_total: {
    type: "counter",
    help: "Generations given up before their engine had finished.",
    labels: { reason: CANCEL_REASONS },
  },
  banterwire_tokens_after_cancel_total: {
    type: "counter",
    help: "Tokens that the engine still sent for generations which had been given up.",
  },
  banterwire_generation_failures_total: {
    type: "counter",
    help: "Generations that failed upstream.",
    labels: { failure: FAILURE_KINDS },
  },
  banterwire_foreign_reloads_total: {
    type: "counter",
    help: "Times that another client changed how the model is loaded.",
  },
  banterwire_wedges_total: {
    type: "counter",
    help: "Times an endpoint took generations, answered none and was put into quarantine.",
  },
  banterwire_endpoint_state: {
    type: "gauge",
    help: "1 for the state that the endpoint is in.",
    labels: { ...ENDPOINT, state: ["starting", "loading", "warm", "checking", "down"] },
  },
  banterwire_endpoint_slots: {
    type: "gauge",
    help: "Generations that may run at once.",
    labels: ENDPOINT,
  },
  banterwire_endpoint_in_flight: {
    type: "gauge",
    help: "Generations that run now.",
    labels: ENDPOINT,
  },
  banterwire_endpoint_zombies: {
    type: "gauge",
    help: "Slots still held by generations that were given up.",
    labels: ENDPOINT,
  },
  banterwire_endpoint_queue_depth: {
    type: "gauge",
    help: "Lines that wait for a slot.",
    labels: ENDPOINT,
  },
  banterwire_endpoint_opens_total: {
    type: "counter",
    help: "Generations begun upstream.",
    labels: ENDPOINT,
  },
  banterwire_endpoint_closes_total: {
    type: "counter",
    help: "Generations over upstream; equals the opens when nothing is in flight.",
    labels: ENDPOINT,
  },
  banterwire_hedges_total: {
    type: "counter",
    help: "Late lines that were asked for at a second endpoint too.",
  },
  banterwire_hedge_wins_total: {
    type: "counter",
    help: "Of them, those that the second endpoint answered first.",
  },
  banterwire_failovers_total: {
    type: "counter",
    help: "Lines that failed or were refused at one endpoint and went on at another.",
  },
  banterwire_ejections_total: {
    type: "counter",
    help: "Times an endpoint was left out for a while because its lines failed or were late.",
    labels: ENDPOINT,
  },
  banterwire_connections: { type: "gauge", help: "Games connected." },
  banterwire_connections_opened_total: { type: "counter", help: "Games that were welcomed." },
  banterwire_connections_resumed_total: {
    type: "counter",
    help: "Of the games that were welcomed, those that went on with a lost connection's lines.",
  },
  banterwire_detached_sessions: {
    type: "gauge",
    help: "Games whose connection was lost and that may come back.",
  },
  banterwire_connections_closed_total: {
    type: "counter",
    help: "Connections that have ended; lost means without a word of the sidecar's.",
    labels: { code: [...CLOSING_CODES, "lost"] },
  },
  banterwire_upgrades_refused_total: {
    type: "counter",
    help: "Clients refused before they were connected.",
    labels: {
      code: ["origin_refused", "subprotocol_missing", "too_many_connections", "unauthorized"],
    },
  },
  banterwire_errors_sent_total: {
    type: "counter",
    help: "Errors answered to games.",
    labels: { code: ALL_CODES },
  },
  banterwire_errors_received_total: { type: "counter", help: "Errors that games reported." },
  banterwire_faults_total: {
    type: "counter",
    help: "Faults of the sidecar's own, caught while a message was handled or at a deadline.",
  },
  banterwire_rooms: { type: "gauge", help: "Rooms open." },
  banterwire_open_lines: { type: "gauge", help: "Lines that have not ended." },
  banterwire_log_lines_suppressed_total: {
    type: "counter",
    help: "Log lines held back because there were too many of their kind.",
  },

  // Dashboards and alerts can name these already.
  banterwire_prefix_hits_total: {
    type: "counter",
    isFed: false,
    help: "Lines whose prompt found its prefix warm.",
  },
  banterwire_prefix_misses_total: {
    type: "counter",
    isFed: false,
    help: "Lines whose prompt found its prefix cold.",
  },
  banterwire_resumes_total: {
    type: "counter",
    isFed: false,
    help: "Sessions gone on with after a loss.",
  },
  banterwire_resumes_refused_total: {
    type: "counter",
    isFed: false,
    help: "Sessions that could not be gone on with.",
  },

  nodejs_eventloop_delay_p50_seconds: {
    type: "gauge",
    help: "Median lateness of the event loop since the last scrape.",
  },
  nodejs_eventloop_delay_p99_seconds: {
    type: "gauge",
    help: "Lateness of the event loop since the last scrape, 99th percentile.",
  },
  nodejs_eventloop_delay_max_seconds: {
    type: "gauge",
    help: "Greatest lateness of the event loop since the last scrape.",
  },
  v8js_gc_duration_seconds: {
    type: "histogram",
    help: "Pauses for garbage collection.",
    labels: { v8js_gc_type: ["major", "minor", "incremental", "weakcb"] },
    buckets: GC_BUCKETS,
  },
  process_cpu_seconds_total: {
    type: "counter",
    help: "CPU time of the sidecar, user and system.",
  },
  process_resident_memory_bytes: { type: "gauge", help: "Resident memory of the sidecar." },
  process_start_time_seconds: {
    type: "gauge",
    help: "When the sidecar's process began, since the Unix epoch.",
  },
} as const satisfies Readonly<Record<string, MetricRow>>;

export { SPANS };
