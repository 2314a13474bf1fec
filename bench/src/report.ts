import type { Bench, Bound, Figure, Figures } from "./bench.ts";
import type { Machine } from "./machine.ts";

/** What `--json` writes. */
export type Report = {
  bench: string;
  /** ISO 8601, when the run began. */
  when: string;
  machine: Machine;
  versions: Record<string, string>;
  figures: Figures;
  goals: Record<string, { goal: string; met: boolean }>;
};

type Circumstances = Pick<Report, "when" | "machine" | "versions">;

export function makeReport(bench: Bench, figures: Figures, circumstances: Circumstances): Report {
  const goals = Object.entries(bench.goals).map(([key, bound]) => {
    const figure = figures[key];
    const goal = `${boundText(bound)} ${figure?.unit ?? "(not measured)"}`;
    return [key, { goal, met: figure !== undefined && isWithin(figure.value, bound) }] as const;
  });
  return { bench: bench.name, ...circumstances, figures, goals: Object.fromEntries(goals) };
}

/** One line per missed goal; a goal whose figure was not measured is missed. */
export function missedGoals({ figures, goals }: Report): string[] {
  return Object.entries(goals)
    .filter(([, { met }]) => !met)
    .map(([key, { goal }]) => {
      const figure = figures[key];
      const measured = figure === undefined ? "nothing" : `${rounded(figure.value)} ${figure.unit}`;
      return `${key}: goal ${goal}, measured ${measured}`;
    });
}

/** The report as a table for people; the figures that have goals show them. */
export function formatReport({ bench, when, machine, versions, figures, goals }: Report): string {
  const rows = Object.entries(figures).map(([key, figure]) => rowOf(key, figure, goals[key]));
  const memoryGiB = Math.round(machine.memoryBytes / 2 ** 30);
  return [
    `${bench}, ${when}`,
    `${machine.cpu}, ${machine.cores} cores, ${memoryGiB} GiB, ${machine.system}, load ${rounded(machine.loadBefore)} before; node ${versions["node"]}`,
    "",
    ...table([["figure", "median", "low", "high", "unit", "goal"], ...rows]),
    "",
  ].join("\n");
}

function rowOf(key: string, figure: Figure, goal: Report["goals"][string] | undefined): string[] {
  const { value, low, high, unit } = figure;
  const goalCell = goal === undefined ? "" : `${goal.goal}: ${goal.met ? "met" : "MISSED"}`;
  return [key, rounded(value), rounded(low), rounded(high), unit, goalCell];
}

function boundText(bound: Bound): string {
  return "atMost" in bound ? `<= ${bound.atMost}` : `>= ${bound.atLeast}`;
}

/** NaN is within no bound. */
function isWithin(value: number, bound: Bound): boolean {
  return "atMost" in bound ? value <= bound.atMost : value >= bound.atLeast;
}

/** Three digits that count; more would be noise. */
function rounded(value: number): string {
  return String(Math.abs(value) >= 100 ? Math.round(value) : Number(value.toPrecision(3)));
}

/** Columns with two spaces between; numbers to the right. */
function table(rows: readonly string[][]): string[] {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((row) => row[column]?.length ?? 0)),
  );
  return rows.map((row) =>
    row
      .map((cell, column) => {
        const width = widths[column] ?? 0;
        return column >= 1 && column <= 3 ? cell.padStart(width) : cell.padEnd(width);
      })
      .join("  ")
      .trimEnd(),
  );
}
