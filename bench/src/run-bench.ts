import { writeFileSync } from "node:fs";
import type { Bench } from "./bench.ts";
import { describeMachine, describeVersions } from "./machine.ts";
import { formatReport, makeReport, missedGoals } from "./report.ts";

export type Options = {
  /** Where the report goes as JSON. */
  json?: string;
  /** Whether a missed goal is a failure. */
  check?: boolean;
};

type Write = (text: string) => void;

/** Lists the benches, or runs the named one. Returns the exit code: 1 for a missed goal, 2 for an unknown name. */
export async function runBench(
  benches: readonly Bench[],
  name: string | undefined,
  options: Options,
  write: Write,
): Promise<number> {
  if (name === undefined) {
    write(listOf(benches));
    return 0;
  }
  const bench = benches.find((candidate) => candidate.name === name);
  if (bench === undefined) {
    write(`There is no bench "${name}".\n${listOf(benches)}`);
    return 2;
  }
  const when = new Date().toISOString();
  const circumstances = { when, machine: describeMachine(), versions: describeVersions() };
  const report = makeReport(bench, await bench.run(), circumstances);
  write(formatReport(report));
  if (options.json !== undefined)
    writeFileSync(options.json, `${JSON.stringify(report, null, 2)}\n`);
  const missed = options.check === true ? missedGoals(report) : [];
  for (const line of missed) write(`missed: ${line}\n`);
  return missed.length > 0 ? 1 : 0;
}

function listOf(benches: readonly Bench[]): string {
  const lines = benches.map(({ name, about }) => `  ${name}  ${about}\n`);
  const list = lines.length > 0 ? `Benches:\n${lines.join("")}` : "There are no benches yet.\n";
  return `${list}Run one with: npm run bench -- NAME [--json FILE] [--check]\n`;
}
