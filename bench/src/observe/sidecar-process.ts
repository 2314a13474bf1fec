/** A sidecar that observes what it is told to: `sidecar-process.ts METRICS LOG_LEVEL serve FLAGS`. */
import { createLog, DEFAULT_CONFIG, startSidecar } from "@banterwire/sidecar";
import { Command } from "commander";

const [, , metrics = "on", logLevel = "info", ...serve] = process.argv;

await new Command()
  .command("serve")
  .requiredOption("--ollama <URL>")
  .requiredOption("--port <N>", "port", Number)
  .requiredOption("--slots <N>", "slots", Number)
  .action(async (flags: { ollama: string; port: number; slots: number }) => {
    const config = { ...DEFAULT_CONFIG, ...flags, ollama: [flags.ollama] };
    const sidecar = await startSidecar(config, createLog(logLevel), undefined, {
      metrics: metrics === "on",
    });
    process.stdout.write(`${sidecar.url}\n`);
    process.once("SIGTERM", () => void sidecar.close().then(() => process.exit()));
  })
  .parseAsync(serve.slice(1), { from: "user" });
