import { PRIORITIES } from "@banterwire/protocol";
import { type Figures, totalOf } from "./books.ts";
import type { EndpointFigures } from "./endpoint-books.ts";
import type { Quantiles } from "./statistics.ts";
import type { Knob } from "./sweep.ts";

/** One run: what was varied for it, and what it came to. */
export interface Run {
  readonly set: Readonly<Partial<Record<Knob, number>>>;
  readonly figures: Figures;
}

/** The runs as a table for people, one row for each. Both hit rates stand side by side, always. */
export function tableOf(runs: readonly Run[]): string {
  const knobs = Object.keys(runs[0]?.set ?? {}) as Knob[];
  const isRouted = runs.some(({ figures }) => figures.endpoints.length > 1);
  const columns = isRouted ? [...COLUMNS, ...ROUTE_COLUMNS] : COLUMNS;
  return tabled(
    columns,
    knobs,
    runs.map(({ set, figures }) => [knobs.map((knob) => String(set[knob])), figures]),
  );
}

/** What one run came to at each of its endpoints, and in total. */
export function endpointsOf(figures: Figures): string {
  const { endpoints, cues, modelHitRate, anyHitRate, modelTtftMs, slotsBusy, slotsZombie } =
    figures;
  const sum = (what: "slots" | "begun" | "modelHits"): number =>
    endpoints.reduce((total, one) => total + one[what], 0);
  const counts = { slots: sum("slots"), begun: sum("begun"), modelHits: sum("modelHits") };
  const rates = { cues, modelHitRate, anyHitRate };
  const total = { ...counts, ...rates, modelTtftMs, slotsBusy, slotsZombie };
  return tabled(
    ENDPOINT_COLUMNS,
    ["endpoint"],
    [...endpoints.map((one) => [[one.name], one] as const), [["in total"], total]],
  );
}

/** How one run's cues ended, by priority. */
export function endingsOf({ priorities }: Figures): string {
  const rows = PRIORITIES.map((priority) => {
    const { cues, complete, truncated, budget, shed, upstream } = priorities[priority];
    return [priority, ...[cues, complete, truncated, shed, budget, upstream].map(String)];
  });
  return aligned([
    ["priority", "cues", "from model", "cut short", "shed", "too late", "no engine"],
    ...rows,
  ]);
}

type Column<Row> = readonly [name: string, unit: string, cell: (row: Row) => string];

function tabled<Row>(
  columns: readonly Column<Row>[],
  keys: readonly string[],
  rows: readonly (readonly [keys: readonly string[], row: Row])[],
): string {
  return aligned([
    [...keys, ...columns.map(([name]) => name)],
    [...keys.map(() => ""), ...columns.map(([, unit]) => unit)],
    ...rows.map(([own, row]) => [...own, ...columns.map(([, , cell]) => cell(row))]),
  ]);
}

const COLUMNS: readonly Column<Figures>[] = [
  ["cues", "/s", ({ offeredPerSecond }) => rounded(offeredPerSecond)],
  ["model", "hit rate", ({ modelHitRate }) => percent(modelHitRate)],
  ["any-line", "hit rate", ({ anyHitRate }) => percent(anyHitRate)],
  ["goodput", "/s", ({ goodputPerSecond }) => rounded(goodputPerSecond)],
  ["shed", "re/near/amb", shedOf],
  ["too late", "cues", (figures) => String(totalOf(figures, "budget"))],
  ["queue", "p50/p95 ms", ({ queueMs: { p50, p95 } }) => `${ms(p50)}/${ms(p95)}`],
  ["model TTFT", "p50/p95/p99 ms", ({ modelTtftMs }) => quantiles(modelTtftMs)],
  ["any TTFT", "p50/p95/p99 ms", ({ anyTtftMs }) => quantiles(anyTtftMs)],
  ["fairness", "Jain", ({ fairness }) => fairness?.toFixed(3) ?? "-"],
  ["busy", "of slots", ({ slotsBusy }) => percent(slotsBusy)],
  ["zombies", "of slots", ({ slotsZombie }) => percent(slotsZombie)],
];

/** Where there is more than one endpoint. */
const ROUTE_COLUMNS: readonly Column<Figures>[] = [
  ["elsewhere", "spilled/failed", ({ routes }) => `${routes.spillOvers}/${routes.failovers}`],
  ["asked twice", "times/won", ({ routes }) => `${routes.hedges}/${routes.hedgesWon}`],
  ["extra", "requests", extraOf],
  ["homes", "moved", ({ routes }) => String(routes.moves)],
  ["ejected", "times", ({ routes }) => String(routes.ejections)],
];

const ENDPOINT_COLUMNS: readonly Column<
  Omit<EndpointFigures, "name" | "zombies" | "mostAtOnce">
>[] = [
  ["slots", "", ({ slots }) => String(slots)],
  ["at home", "cues", ({ cues }) => String(cues)],
  ["model", "hit rate", ({ modelHitRate }) => percent(modelHitRate)],
  ["any-line", "hit rate", ({ anyHitRate }) => percent(anyHitRate)],
  ["asked", "times", ({ begun }) => String(begun)],
  ["in time", "lines", ({ modelHits }) => String(modelHits)],
  ["model TTFT", "p50/p95/p99 ms", ({ modelTtftMs }) => quantiles(modelTtftMs)],
  ["busy", "of slots", ({ slotsBusy }) => percent(slotsBusy)],
  ["zombies", "of slots", ({ slotsZombie }) => percent(slotsZombie)],
];

function extraOf({ routes: { hedges, sent } }: Figures): string {
  return percent(sent === 0 ? null : hedges / sent);
}

function shedOf({ priorities }: Figures): string {
  return PRIORITIES.map((priority) => priorities[priority].shed).join("/");
}

function quantiles({ p50, p95, p99 }: Quantiles): string {
  return [p50, p95, p99].map(ms).join("/");
}

function ms(value: number | null): string {
  return value === null ? "-" : value.toFixed(0);
}

function percent(share: number | null): string {
  return share === null ? "-" : `${(share * 100).toFixed(1)}%`;
}

function rounded(value: number): string {
  return value >= 100 ? value.toFixed(0) : value.toPrecision(3);
}

function aligned(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((row) => row[column]?.length ?? 0)),
  );
  const line = (row: readonly string[]): string =>
    row.map((cell, column) => cell.padStart(widths[column] ?? 0)).join("  ");
  return rows.map((row) => `${line(row)}\n`).join("");
}
