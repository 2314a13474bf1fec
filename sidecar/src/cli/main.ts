import { Command, InvalidArgumentError } from "commander";
import { DEFAULT_CONFIG } from "../config.ts";
import { EXIT_CODES } from "../start-error.ts";
import { parseOllamaHost } from "../config/ollama-host.ts";
import { SIDECAR_VERSION } from "../version.ts";
import { serve, type ServeFlags } from "./serve.ts";

const program = new Command("banterwire")
  .description("NPC dialogue from Ollama, with an enforced time to first token.")
  .version(SIDECAR_VERSION)
  .exitOverride((error) => {
    process.exit(error.exitCode === 0 ? EXIT_CODES.ok : EXIT_CODES.usage);
  });

program
  .command("serve")
  .description("serve NPC dialogue to game servers")
  .option("--host <ADDRESS>", "address to listen on", DEFAULT_CONFIG.host)
  .option(
    "--port <N>",
    "port to listen on; 0 takes a free one",
    integer(0, 65_535),
    DEFAULT_CONFIG.port,
  )
  .option("--ollama <URL>", "the Ollama to use; never replaced by another", origin)
  .option("--model <NAME>", "a model of that Ollama (default: the smallest that can chat)")
  .option("--slots <N>", "what OLLAMA_NUM_PARALLEL says", integer(1, 64), DEFAULT_CONFIG.slots)
  .option(
    "--budget-ms <N>",
    "time to first token that rooms are told",
    integer(1, 60_000),
    DEFAULT_CONFIG.ttftBudgetMs,
  )
  .option("--log-level <LEVEL>", "debug, info, warn or error", DEFAULT_CONFIG.logLevel)
  .addHelpText(
    "after",
    "\nEnvironment: BANTERWIRE_TOKEN is what games must show; OLLAMA_HOST is where to look for an\n" +
      "Ollama when --ollama names none (the embedded model serves if nobody answers there).",
  )
  .action((flags: ServeFlags) => serve(flags));

await program.parseAsync();

function integer(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (Number.isInteger(value) && value >= min && value <= max) return value;
    throw new InvalidArgumentError(`A whole number from ${min} to ${max} is due.`);
  };
}

function origin(text: string): string {
  const found = parseOllamaHost(text);
  if (found !== undefined) return found;
  throw new InvalidArgumentError("An address such as http://127.0.0.1:11434 is due.");
}
