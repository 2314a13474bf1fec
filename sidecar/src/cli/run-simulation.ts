import { writeFile } from "node:fs/promises";
import { resolve } from "node:path";
import { MAX_ENDPOINTS } from "../config/endpoint-rows.ts";
import type { Problem } from "../config/problem.ts";
import { MeasuredCalls } from "../simulate/measured-calls.ts";
import type { Scenario } from "../simulate/scenario.ts";
import { ScenarioError } from "../simulate/scenario-error.ts";
import {
  MAX_SCENARIO_FILE_BYTES,
  type Override,
  readScenario,
  type ScenarioText,
} from "../simulate/scenario-file.ts";
import { LatencyModel, type ServiceTimes } from "../simulate/service-times.ts";
import { simulate } from "../simulate/simulation.ts";
import {
  combinations,
  type Knob,
  KNOBS,
  MAX_RUNS,
  MAX_SWEEPS,
  parseSweep,
  type Sweep,
} from "../simulate/sweep.ts";
import { endingsOf, endpointsOf, type Run, tableOf } from "../simulate/table.ts";
import { EXIT_CODES, StartError } from "../start-error.ts";
import { readBoundedFile, UnreadableError } from "./bounded-file.ts";
import type { SimulateFlags } from "./simulate.ts";

const MAX_CALLS_FILE_BYTES = 256 * 1_048_576;

/**
 * Runs what the flags ask for, prints its table, and writes what is to be written.
 * @throws ScenarioError that names everything that is wrong; StartError if a file cannot be written
 */
export async function runSimulation(
  flags: SimulateFlags,
  folder: string,
  write: (text: string) => void,
): Promise<void> {
  const sweeps = sweepsOf(flags.sweep ?? []);
  const file = flags.scenario === undefined ? undefined : await readFile(flags.scenario, folder);
  const overrides = overridesOf(flags, folder);
  const settings = combinations(sweeps);
  if (settings.length > MAX_RUNS) {
    throw wrong("--sweep", `${settings.length} runs are too many: ${MAX_RUNS} at most are due`);
  }
  const scenarios = settings.map((set) => scenarioOf(file, [...overrides, ...knobsOf(set)]));
  const draw = flags.plot === undefined ? undefined : await import("../simulate/plot.ts");
  await draw?.loadCharts();

  const calls = await readCalls(scenarios);
  const runs: Run[] = [];
  for (const [index, scenario] of scenarios.entries()) {
    const figures = simulate(scenario, { timesOf: (endpoint) => timesOf(endpoint, calls) });
    runs.push({ set: settings[index] ?? {}, figures });
  }
  const [scenario] = scenarios;
  const [run] = runs;
  if (!scenario || !run) return;
  write(`${headingOf(scenario, sweeps)}\n\n${tableOf(runs)}`);
  if (runs.length === 1) {
    if (scenario.endpoints.length > 1) write(`\n${endpointsOf(run.figures)}`);
    write(`\n${endingsOf(run.figures)}`);
  }
  if (flags.json !== undefined) {
    const text = `${JSON.stringify({ scenario, runs }, null, 2)}\n`;
    await writeResult(resolve(folder, flags.json), text, "--json");
  }
  if (draw && flags.plot !== undefined) {
    await writeResult(resolve(folder, flags.plot), await draw.plotOf(runs, sweeps), "--plot");
  }
}

function overridesOf(flags: SimulateFlags, folder: string): Override[] {
  const { budgetMs, calls } = flags;
  const overrides: Override[] = [];
  for (const knob of Object.keys(KNOBS) as Knob[]) {
    const text = knob === "budget-ms" ? budgetMs : flags[knob];
    if (text !== undefined) overrides.push(overrideOf(knob, numberOr(text), `--${knob}`));
  }
  if (calls !== undefined) {
    const value = resolve(folder, calls);
    overrides.push({ path: ["endpoints", "*", "calls"], value, flag: "--calls" });
  }
  return overrides;
}

/** @throws ScenarioError for a number of endpoints that no list can have */
function overrideOf(knob: Knob, value: unknown, flag: string): Override {
  if (knob === "endpoints" && !isCount(value)) {
    const why = `a whole number from 1 to ${MAX_ENDPOINTS} is due`;
    throw new ScenarioError([
      { key: knob, value: String(value), source: { from: "flag", flag }, why },
    ]);
  }
  return { path: KNOBS[knob], value, flag };
}

function isCount(value: unknown): boolean {
  return (
    typeof value === "number" && Number.isInteger(value) && value >= 1 && value <= MAX_ENDPOINTS
  );
}

/** What is no number is told as it was written. */
function numberOr(text: string): unknown {
  return text.trim() === "" || Number.isNaN(Number(text)) ? text : Number(text);
}

function sweepsOf(texts: readonly string[]): readonly Sweep[] {
  if (texts.length > MAX_SWEEPS) {
    throw wrong("--sweep", `${MAX_SWEEPS} at most are due: the second one's values become curves`);
  }
  return texts.map((text) => {
    const sweep = parseSweep(text);
    if ("wrong" in sweep) throw wrong("--sweep", sweep.wrong, text);
    return sweep;
  });
}

function knobsOf(set: Readonly<Partial<Record<Knob, number>>>): Override[] {
  return (Object.keys(set) as Knob[]).map((knob) => overrideOf(knob, set[knob], "--sweep"));
}

function scenarioOf(file: ScenarioText | undefined, overrides: readonly Override[]): Scenario {
  const read = readScenario(file, overrides);
  if ("problems" in read) throw new ScenarioError(read.problems);
  return read.scenario;
}

async function readFile(path: string, folder: string): Promise<ScenarioText> {
  const file = resolve(folder, path);
  const text = await readOr(file, MAX_SCENARIO_FILE_BYTES, "scenario", "--scenario");
  return { file, text };
}

/** The measured calls that the scenarios name, by path. */
async function readCalls(
  scenarios: readonly Scenario[],
): Promise<ReadonlyMap<string, MeasuredCalls>> {
  const paths = new Set(scenarios.flatMap(({ endpoints }) => endpoints.map(({ calls }) => calls)));
  const read = new Map<string, MeasuredCalls>();
  for (const path of paths) {
    if (path === undefined) continue;
    const parsed = MeasuredCalls.parse(
      await readOr(path, MAX_CALLS_FILE_BYTES, "endpoints[0].calls", "--calls"),
    );
    if ("wrong" in parsed) throw wrong("--calls", parsed.wrong, path);
    read.set(path, parsed.calls);
  }
  return read;
}

function timesOf(
  { calls, latency }: Scenario["endpoints"][number],
  read: ReadonlyMap<string, MeasuredCalls>,
): ServiceTimes {
  return (calls === undefined ? undefined : read.get(calls)) ?? new LatencyModel(latency);
}

async function readOr(path: string, maxBytes: number, key: string, flag: string): Promise<string> {
  try {
    return (await readBoundedFile(path, maxBytes)).text;
  } catch (error) {
    if (!(error instanceof UnreadableError)) throw error;
    const source = { from: "flag", flag } as const;
    throw new ScenarioError([{ key, value: path, source, why: error.message }]);
  }
}

async function writeResult(path: string, text: string, flag: string): Promise<void> {
  try {
    await writeFile(path, text);
  } catch (error) {
    throw new StartError(
      "cannot_write",
      EXIT_CODES.usage,
      `${flag} cannot be written: ${error instanceof Error ? error.message : String(error)}`,
      "Name a file in a folder that is there and may be written.",
    );
  }
}

function wrong(flag: string, why: string, value?: string): ScenarioError {
  const problem: Problem = { key: flag.slice(2), source: { from: "flag", flag }, why };
  return new ScenarioError([value === undefined ? problem : { ...problem, value }]);
}

function headingOf(scenario: Scenario, sweeps: readonly Sweep[]): string {
  const { players, rooms, charactersPerRoom, minutes, budgetMs, seed, endpoints } = scenario;
  const swept = new Set<Knob>(sweeps.map(({ knob }) => knob));
  const parts: readonly (readonly [Knob, string])[] = [
    ["players", `${players} players`],
    ["rooms", `${rooms} rooms`],
    ["characters", `${charactersPerRoom} characters in each`],
    ["endpoints", endpoints.length === 1 ? "" : `${endpoints.length} endpoints`],
    ["slots", slotsOf(endpoints)],
    ["budget-ms", `a budget of ${budgetMs} ms`],
    ["minutes", `${minutes} minutes`],
    ["seed", `seed ${seed}`],
  ];
  return parts
    .filter(([knob, words]) => !swept.has(knob) && words !== "")
    .map(([, words]) => words)
    .join(", ");
}

function slotsOf(endpoints: Scenario["endpoints"]): string {
  const [first = 0, ...others] = endpoints.map(({ slots }) => slots);
  const words = `${first} ${first === 1 ? "slot" : "slots"}`;
  if (others.length === 0) return words;
  return others.every((slots) => slots === first)
    ? `${words} each`
    : `${[first, ...others].join(", ")} slots`;
}
