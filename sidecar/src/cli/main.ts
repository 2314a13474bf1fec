import { Command } from "commander";
import { referencePage } from "../config/reference.ts";
import { EXIT_CODES, StartError } from "../start-error.ts";
import { SIDECAR_VERSION } from "../version.ts";
import { addFlags, flagsOf } from "./flags.ts";
import { loadConfig } from "./load.ts";
import { serve } from "./serve.ts";
import { addSimulate } from "./simulate.ts";

const EXIT_CODE_HELP = `
Exit codes: ${EXIT_CODES.ok} stopped as told; ${EXIT_CODES.crash} a fault of its own; \
${EXIT_CODES.usage} wrong flags or configuration; ${EXIT_CODES.portBusy} the port or socket is taken.`;

const SERVE_HELP = `
A flag wins over a variable, that over the configuration file. BANTERWIRE_TOKEN is what games must
show to be let in; BANTERWIRE_OLLAMA_AUTHORIZATION is what a proxy before Ollama asks for. SIGHUP, or
a change of the file or a card, reloads what can change.
${EXIT_CODE_HELP}`;

// Who reads may be gone: a parent with its end of the pipes, while there is a good-bye to be said
// yet, or a `head` that has seen enough.
for (const pipe of [process.stdout, process.stderr]) pipe.on("error", () => {});

const program = new Command("banterwire")
  .description("NPC dialogue from Ollama, with an enforced time to first token.")
  .version(SIDECAR_VERSION)
  .addHelpText("after", EXIT_CODE_HELP)
  .exitOverride((error) => {
    process.exit(error.exitCode === 0 ? EXIT_CODES.ok : EXIT_CODES.usage);
  });

addFlags(program.command("serve"))
  .description("serve NPC dialogue to game servers")
  .addHelpText("after", SERVE_HELP)
  .action((options: Readonly<Record<string, unknown>>) => serve(flagsOf(options)));

addSimulate(program);

const config = program.command("config").description("what the sidecar is told");

addFlags(config.command("print"))
  .description("show each setting and where it came from, as a configuration file")
  .action(async (options: Readonly<Record<string, unknown>>) => {
    const { settings, sources, warnings } = await loadConfig({
      flags: flagsOf(options),
      environment: process.env,
      folder: process.cwd(),
    });
    for (const warning of warnings) process.stderr.write(`banterwire: ${warning}\n`);
    const { printSettings } = await import("../config/print.ts");
    process.stdout.write(printSettings(settings, sources));
  });

config
  .command("reference")
  .description("write the reference page of all settings, in Markdown")
  .action(() => {
    process.stdout.write(referencePage());
  });

// Not awaited: the bundle that is published is CommonJS.
program.parseAsync().catch(fail);

function fail(error: unknown): never {
  if (error instanceof StartError) {
    process.stderr.write(`banterwire: ${error.message}\n${error.remedy}\n`);
    process.exit(error.exitCode);
  }
  process.stderr.write(`banterwire: ${error instanceof Error ? error.stack : String(error)}\n`);
  process.exit(EXIT_CODES.crash);
}
