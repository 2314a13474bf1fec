import type { Command } from "commander";

/** What was written after the flags of `banterwire simulate`, by their names. */
export interface SimulateFlags {
  readonly scenario?: string;
  readonly players?: string;
  readonly rooms?: string;
  readonly characters?: string;
  readonly slots?: string;
  readonly endpoints?: string;
  readonly budgetMs?: string;
  readonly minutes?: string;
  readonly seed?: string;
  readonly calls?: string;
  readonly sweep?: readonly string[];
  readonly json?: string;
  readonly plot?: string;
}

const HELP = `
A flag wins over the scenario file, that over the defaults. The same scenario and seed give the same
figures. Both hit rates are of all cues but ambient ones: from the model in time, and any line in
time. docs/guides/capacity.md explains the scenario file, the table and the CSV of measured calls.`;

/** Adds the command; what it runs is loaded when it is called, so that a start does not pay for it. */
export function addSimulate(program: Command): void {
  program
    .command("simulate")
    .description(
      "what hit rate, with how many slots and Ollamas, for so many players: on the sidecar's own rules",
    )
    .option("--scenario <FILE>", "the game and its endpoints, YAML or JSON")
    .option("--players <N>", "players who speak to characters (default: 40)")
    .option("--rooms <N>", "rooms that they are in (default: 10)")
    .option("--characters <N>", "characters in each room (default: 4)")
    .option("--slots <N>", "lines that each Ollama generates in parallel (default: 1)")
    .option(
      "--endpoints <N>",
      "Ollamas: those of the scenario, and more like its last one (default: as many as it has, or 1)",
    )
    .option("--budget-ms <N>", "time to first token, milliseconds (default: 200)")
    .option("--minutes <N>", "how long the game is played, of its own time (default: 10)")
    .option("--seed <N>", "another seed is another game of the same kind (default: 1)")
    .option("--calls <FILE>", "CSV of measured calls that each Ollama's times are drawn from")
    .option(
      "--sweep <NAME=N,N,...>",
      "run once for each value of players, rooms, characters, endpoints, slots, budget-ms, minutes or seed; twice for a grid",
      gather,
    )
    .option("--json <FILE>", "write scenario and figures there")
    .option("--plot <FILE.svg>", "draw both hit rates: over the first sweep, or over time")
    .addHelpText("after", HELP)
    .action(async (flags: SimulateFlags) => {
      const { runSimulation } = await import("./run-simulation.ts");
      await runSimulation(flags, process.cwd(), (text) => process.stdout.write(text));
    });
}

function gather(text: string, before: readonly string[] = []): readonly string[] {
  return [...before, text];
}
