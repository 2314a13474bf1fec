import { Command, InvalidArgumentError } from "commander";
import { EXIT_CODES } from "../exit-codes.ts";

/** What `npm start` was asked for. */
export interface StartOptions {
  readonly port: number;
  readonly model?: string;
  readonly ollama?: string;
  readonly budgetMs?: number;
  readonly verbose: boolean;
}

const DEFAULT_PORT = 2567;

/** Reads the command line; ends the process after `--help` and on what cannot be used. */
export function parseOptions(argv: readonly string[], env: NodeJS.ProcessEnv): StartOptions {
  const port = env["PORT"] ?? "";
  return new Command("npm start --")
    .description("Opens the tavern: the sidecar, the game server and its page.")
    .option("--port <N>", "port of the page and the game", wholeNumber(1, 65_535))
    .option("--model <NAME>", "a model of your Ollama (default: the smallest that can chat)")
    .option("--ollama <URL>", "the Ollama to use (default: OLLAMA_HOST, else the embedded model)")
    .option("--budget-ms <N>", "time to first token, milliseconds", wholeNumber(1, 60_000))
    .option("--verbose", "show what the sidecar and the game server log", false)
    .addHelpText(
      "after",
      "\nEnvironment: PORT is the port where --port names none; OLLAMA_HOST is where to look for an Ollama.\n" +
        "Exit codes: 0 stopped by you, 1 a crash, 2 a flag or setting that cannot be used, 3 a busy port.",
    )
    .exitOverride((error) => {
      process.exit(error.exitCode === 0 ? EXIT_CODES.ok : EXIT_CODES.usage);
    })
    .allowExcessArguments(false)
    .action((_flags, command: Command) => {
      if (command.getOptionValue("port") !== undefined) return;
      command.setOptionValue("port", port === "" ? DEFAULT_PORT : portOf(port, command));
    })
    .parse(argv, { from: "user" })
    .opts<StartOptions>();
}

function portOf(text: string, command: Command): number {
  try {
    return wholeNumber(1, 65_535)(text);
  } catch {
    return command.error(`error: PORT is '${text}'. A whole number from 1 to 65535 is due.`);
  }
}

function wholeNumber(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (Number.isInteger(value) && value >= min && value <= max) return value;
    throw new InvalidArgumentError(`A whole number from ${min} to ${max} is due.`);
  };
}
