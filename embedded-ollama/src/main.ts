import { readFileSync } from "node:fs";
import { Command, CommanderError, InvalidArgumentError, Option } from "commander";
import { SHIPPED_MODEL_PATH } from "./model-file.ts";
import { type RunOptions, start } from "./run.ts";
import { EXIT_CODES, StartupError } from "./startup-error.ts";

const { version } = JSON.parse(
  readFileSync(new URL("../package.json", import.meta.url), "utf8"),
) as { version: string };

function wholeNumber(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (Number.isInteger(value) && value >= min && value <= max) return value;
    throw new InvalidArgumentError(`It must be a whole number from ${min} to ${max}.`);
  };
}

function numberOption(
  flags: string,
  what: string,
  initial: number,
  [min, max]: readonly [number, number],
): Option {
  return new Option(flags, what).argParser(wholeNumber(min, max)).default(initial);
}

function command(): Command {
  return new Command("embedded-ollama")
    .description("An Ollama-compatible server over llama.cpp with a tiny NPC model inside.")
    .version(version)
    .option("--host <address>", "address to listen on", "127.0.0.1")
    .addOption(numberOption("--port <number>", "0 picks a free port", 11_434, [0, 65_535]))
    .option("--model <path>", "a GGUF file with a ChatML template", SHIPPED_MODEL_PATH)
    .addOption(numberOption("--sequences <number>", "requests answered at once", 16, [1, 256]))
    .addOption(
      numberOption("--context-size <tokens>", "prompt and reply of one", 512, [64, 131_072]),
    )
    .addOption(numberOption("--threads <number>", "threads that evaluate tokens", 1, [1, 256]))
    .exitOverride();
}

async function main(): Promise<void> {
  // A parent that is gone takes its end of the pipes along; that is no error of ours.
  process.stdout.on("error", () => undefined);
  process.stderr.on("error", () => undefined);
  const options = command().parse().opts<Omit<RunOptions, "version">>();
  await start({ ...options, version });
}

try {
  await main();
} catch (error) {
  if (error instanceof CommanderError) {
    process.exitCode = error.exitCode === 0 ? 0 : EXIT_CODES.usage;
  } else if (error instanceof StartupError) {
    process.stderr.write(`embedded-ollama: ${error.message} ${error.remedy} [${error.code}]\n`);
    process.exit(error.exitCode);
  } else {
    throw error;
  }
}
