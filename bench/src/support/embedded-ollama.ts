import { spawn } from "node:child_process";
import { once } from "node:events";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";

/** The embedded Ollama in a process of its own. */
export interface EmbeddedOllama {
  readonly origin: string;
  stop(): Promise<void>;
}

const packagePath = createRequire(import.meta.url).resolve(
  "@banterwire/embedded-ollama/package.json",
);
const COMMAND = join(dirname(packagePath), "bin", "embedded-ollama.js");
const LISTENING = /listening on (http:\/\/\S+)/u;

/** @param sequences requests that it answers at once, and prompts that it keeps */
export async function startEmbeddedOllama(sequences: number): Promise<EmbeddedOllama> {
  const flags = ["--port", "0", "--sequences", String(sequences)];
  const child = spawn(process.execPath, [COMMAND, ...flags], {
    stdio: ["ignore", "pipe", "inherit", "ipc"],
  });
  const gone = once(child, "exit");
  const origin = await new Promise<string>((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", (code) => reject(new Error(`embedded-ollama ended with ${code}`)));
    child.stdout?.on("data", (text) => {
      const found = LISTENING.exec(String(text))?.[1];
      if (found !== undefined) resolve(found);
    });
  });
  return {
    origin,
    async stop() {
      if (child.exitCode === null && child.signalCode === null) child.kill("SIGTERM");
      await gone;
    },
  };
}
