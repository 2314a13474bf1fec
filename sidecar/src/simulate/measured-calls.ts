import { type CsvRow, parseCsv } from "./csv.ts";
import type { Random } from "./random.ts";
import type { ServiceTimes, Times, Work } from "./service-times.ts";

/** One call as it was measured, times in milliseconds. */
interface Call {
  readonly firstMs: number;
  readonly loadMs: number;
  readonly prefillMs: number;
  readonly decodeMs: number;
  /** Of the reply; undefined where nobody counted them, and its decode time is a line's. */
  readonly tokens: number | undefined;
  /** Whether the prompt's start was cached; undefined where nobody noted it. */
  readonly isCached: boolean | undefined;
  readonly inFlight: number;
}

/** Above this, a load time is that of a model that was not in memory: such calls are left out. */
const MIN_LOAD_MS = 500;
const MAX_ROWS = 1_000_000;

/** The columns that are read, each with the names that it may have. Others are ignored. */
export const COLUMNS = {
  ttft: "time to the first token: `ttft_ms`, or `ttft_s`",
  eval: "from the first token to the last: `eval_ms`, or `eval_s`",
  tokens:
    "tokens of the reply, optional: `tokens`, or `eval_count`; then `eval` is scaled to a line's",
  promptEval: "the engine's prefill, optional: `prompt_eval_ms`, or `prompt_eval_s`",
  load: "the engine's load, optional: `load_ms`, or `load_s`",
  cached: "whether the persona was cached, optional: `cached`, yes or no",
  inFlight: "generations under way, this one included, optional: `in_flight`",
  error: "why it failed, optional: `error`; such rows are left out",
} as const;

/** Draws whole calls, so that what goes together stays together. */
export class MeasuredCalls implements ServiceTimes {
  /** By whether it was cached, and by what was in flight, ascending. */
  readonly #classes: Readonly<Record<"cached" | "uncached", readonly CallClass[]>>;
  readonly count: number;

  private constructor(calls: readonly Call[]) {
    this.count = calls.length;
    const of = (isCached: boolean): readonly CallClass[] => {
      const wanted = calls.filter((call) => call.isCached === isCached);
      return classesOf(wanted.length > 0 ? wanted : calls);
    };
    this.#classes = { cached: of(true), uncached: of(false) };
  }

  /** Reads a CSV file's text; or says what is wrong with it. */
  static parse(text: string): { readonly calls: MeasuredCalls } | { readonly wrong: string } {
    const rows = parseCsv(text);
    if (rows.length === 0) return { wrong: "it has no rows below a header" };
    if (rows.length > MAX_ROWS) return { wrong: `it has more than ${MAX_ROWS} rows` };
    const [first = {}] = rows;
    for (const name of ["ttft", "eval"] as const) {
      if (`${name}_ms` in first || `${name}_s` in first) continue;
      return { wrong: `it lacks a column for the ${COLUMNS[name]}` };
    }
    const calls = rows.flatMap((row) => callOf(row) ?? []);
    if (calls.length > 0) return { calls: new MeasuredCalls(calls) };
    return { wrong: "none of its rows is a warm call that succeeded and has all of its times" };
  }

  timesOf(work: Work, random: Random): Times {
    const isCached = work.uncachedTokens < work.promptTokens / 2;
    const calls = nearest(this.#classes[isCached ? "cached" : "uncached"], work.inFlight);
    const { firstMs, loadMs, prefillMs, decodeMs, tokens } =
      calls[random.below(calls.length)] ?? NONE;
    const scale = tokens === undefined ? 1 : work.tokens / tokens;
    return { firstMs, loadMs, prefillMs, decodeMs: decodeMs * scale };
  }
}

interface CallClass {
  readonly inFlight: number;
  readonly calls: readonly Call[];
}

const NONE = { firstMs: 0, loadMs: 0, prefillMs: 0, decodeMs: 0, tokens: undefined };

function callOf(row: CsvRow): Call | undefined {
  const firstMs = timeOf(row, "ttft");
  const decodeMs = timeOf(row, "eval");
  const loadMs = timeOf(row, "load") ?? 0;
  if ((row["error"] ?? "") !== "" || loadMs >= MIN_LOAD_MS) return undefined;
  // A time of nothing was not measured.
  if (firstMs === undefined || firstMs === 0 || decodeMs === undefined || decodeMs === 0) {
    return undefined;
  }
  return {
    firstMs,
    loadMs: Math.min(loadMs, firstMs),
    prefillMs: Math.min(timeOf(row, "prompt_eval") ?? firstMs - loadMs, firstMs),
    decodeMs,
    tokens: numberOf(row["tokens"] ?? row["eval_count"]) || undefined,
    isCached: cachedOf(row["cached"]),
    inFlight: Math.max(1, Math.round(numberOf(row["in_flight"]) ?? 1)),
  };
}

/** Milliseconds; undefined where there is none. */
function timeOf(row: CsvRow, name: string): number | undefined {
  const ms = numberOf(row[`${name}_ms`]);
  const seconds = numberOf(row[`${name}_s`]);
  return ms ?? (seconds === undefined ? undefined : seconds * 1_000);
}

function numberOf(cell: string | undefined): number | undefined {
  const value = Number(cell);
  return cell === undefined || cell.trim() === "" || !(value >= 0) || value === Infinity
    ? undefined
    : value;
}

function cachedOf(cell: string | undefined): boolean | undefined {
  if (cell === undefined) return undefined;
  if (/^(yes|true|1)$/iu.test(cell.trim())) return true;
  return /^(no|false|0)$/iu.test(cell.trim()) ? false : undefined;
}

function classesOf(calls: readonly Call[]): readonly CallClass[] {
  return [...Map.groupBy(calls, ({ inFlight }) => inFlight)]
    .map(([inFlight, calls]) => ({ inFlight, calls }))
    .sort((a, b) => a.inFlight - b.inFlight);
}

/** Of the class with as many in flight, or with the nearest number. */
function nearest(classes: readonly CallClass[], inFlight: number): readonly Call[] {
  let best = classes[0];
  for (const one of classes) {
    if (best && Math.abs(one.inFlight - inFlight) < Math.abs(best.inFlight - inFlight)) best = one;
  }
  return best?.calls ?? [];
}
