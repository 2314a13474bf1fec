import { PRIORITIES } from "@banterwire/protocol";
import { type Figures, type Quantiles, totalOf } from "./books.ts";
import type { Knob } from "./sweep.ts";

/** One run: what was varied for it, and what it came to. */
export interface Run {
  readonly set: Readonly<Partial<Record<Knob, number>>>;
  readonly figures: Figures;
}

/** The runs as a table for people, one row for each. Both hit rates stand side by side, always. */
export function tableOf(runs: readonly Run[]): string {
  const knobs = Object.keys(runs[0]?.set ?? {}) as Knob[];
  const header = [...knobs, ...COLUMNS.map(([name]) => name)];
  const units = [...knobs.map(() => ""), ...COLUMNS.map(([, unit]) => unit)];
  const rows = runs.map(({ set, figures }) => [
    ...knobs.map((knob) => String(set[knob])),
    ...COLUMNS.map(([, , cell]) => cell(figures)),
  ]);
  return aligned([header, units, ...rows]);
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

const COLUMNS: readonly (readonly [string, string, (figures: Figures) => string])[] = [
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
