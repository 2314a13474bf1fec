import { getLlama, type Llama, LlamaLogLevel, NoBinaryFoundError } from "node-llama-cpp";
import { StartupError } from "./startup-error.ts";

/** llama.cpp on the CPU, from the prebuilt binary or not at all: a compiler run at start would be a surprise. */
export async function loadLlama(): Promise<Llama> {
  try {
    return await getLlama({
      gpu: false,
      build: "never",
      skipDownload: true,
      progressLogs: false,
      logLevel: LlamaLogLevel.fatal,
      maxThreads: 0,
    });
  } catch (error) {
    if (!(error instanceof NoBinaryFoundError)) throw error;
    throw new StartupError(
      "no_native_build",
      `There is no prebuilt llama.cpp for ${process.platform} ${process.arch} in this installation.`,
      "Install again without --omit=optional; if the platform is not in the README's list, use a real Ollama.",
      error,
    );
  }
}
