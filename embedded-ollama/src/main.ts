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

function command(): Command {
  const number = (flags: string, what: string, min: number, max: number, initial: number): Option =>
    new Option(flags, what).argParser(wholeNumber(min, max)).default(initial);
  return new Command("embedded-ollama")
    .description("An Ollama-compatible server over llama.cpp with a tiny NPC model inside.")
    .version(version)
    .option("--host <address>", "address to listen on", "127.0.0.1")
    .addOption(
      number("--port <number>", "port to listen on; 0 picks a free one", 0, 65_535, 11_434),
    )
    .option("--model <path>", "a GGUF file with a ChatML template", SHIPPED_MODEL_PATH)
    .addOption(number("--sequences <number>", "requests answered at the same time", 1, 256, 16))
    .addOption(
      number("--context-size <tokens>", "prompt and reply of one request", 64, 131_072, 512),
    )
    .addOption(number("--threads <number>", "threads that evaluate tokens", 1, 256, 1))
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
