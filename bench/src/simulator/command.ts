import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { BUILT_COMMAND } from "../support/sidecar.ts";
import type { Rates } from "./real-run.ts";

/** What `banterwire simulate --json` writes, as far as it is read here. */
interface Report {
  readonly runs: readonly {
    readonly figures: {
      readonly modelHitRate: number;
      readonly anyHitRate: number;
      readonly offeredPerSecond: number;
    };
  }[];
}

const run = promisify(execFile);
const LIMIT_MS = 600_000;
/** Tells the process's CPU time at its end. */
const CPU_PROBE = `data:text/javascript,process.on("exit",()=>process.stderr.write("cpu "+process.cpuUsage().user/1e6+" "+process.cpuUsage().system/1e6))`;

/** What a simulation says of a scenario, with a CSV of measured calls. */
export async function simulatedRates(scenario: object, calls: string): Promise<Rates> {
  const { json } = await simulate(scenario, calls);
  const [run] = (JSON.parse(json) as Report).runs;
  if (!run) throw new Error("the simulation told nothing");
  const { modelHitRate, anyHitRate, offeredPerSecond } = run.figures;
  return { modelHitRate, anyHitRate, perSecond: offeredPerSecond };
}

/** The report's text, and the seconds that it took. */
export async function simulate(
  scenario: object,
  calls?: string,
): Promise<{ readonly json: string; readonly seconds: number; readonly cpuSeconds: number }> {
  const folder = mkdtempSync(join(tmpdir(), "banterwire-simulator-"));
  try {
    const file = join(folder, "scenario.json");
    const report = join(folder, "report.json");
    writeFileSync(file, JSON.stringify(scenario));
    const flags = ["--scenario", file, "--json", report];
    if (calls !== undefined) {
      writeFileSync(join(folder, "calls.csv"), calls);
      flags.push("--calls", join(folder, "calls.csv"));
    }
    const startedMs = performance.now();
    const args = ["--import", CPU_PROBE, ...BUILT_COMMAND, "simulate", ...flags];
    const { stderr } = await run(process.execPath, args, { timeout: LIMIT_MS });
    const seconds = (performance.now() - startedMs) / 1_000;
    const [, user = NaN, system = NaN] = /cpu ([\d.]+) ([\d.]+)/u.exec(stderr)?.map(Number) ?? [];
    return { json: readFileSync(report, "utf8"), seconds, cpuSeconds: user + system };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
