import { Command } from "commander";
import { BENCHES } from "./registry.ts";
import { type Options, runBench } from "./run-bench.ts";

await new Command("npm run bench --")
  .argument("[name]", "which bench; the list of them when left out")
  .option("--json <file>", "write the report there as JSON")
  .option("--check", "exit with 1 and name each goal that is missed")
  .action(async (name: string | undefined, options: Options) => {
    process.exitCode = await runBench(BENCHES, name, options, (text) => process.stdout.write(text));
  })
  .parseAsync();
