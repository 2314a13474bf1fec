import { KEEP_ALIVE_FOREVER } from "./ollama-chat.ts";
import type { OllamaControl, ResidentModel } from "./ollama-control.ts";
import { TroubleError } from "./trouble.ts";

/** Models looked at, smallest first, when none was named. */
const MAX_MODELS_TRIED = 16;
const FOREVER_MS = 365 * 24 * 3600 * 1000;

/** The model to use, and how it was found: what we owe it back when we leave. */
export interface ModelChoice {
  readonly model: string;
  /** Its context length if it was resident: adopting it avoids a reload of seconds. */
  readonly contextLength: number | undefined;
  /**
   * The keep-alive to give back on exit, such as `240s`: what it had left when it was found, -1 if
   * that was forever, undefined for the server's default.
   */
  readonly formerKeepAlive: string | number | undefined;
}

/**
 * Chooses the wanted model, else the smallest installed local one that can chat.
 * @throws TroubleError if there is none
 */
export async function chooseModel(
  control: OllamaControl,
  origin: string,
  wanted: string | undefined,
  wallClockMs: number,
): Promise<ModelChoice> {
  const model = await findModel(control, origin, wanted);
  const resident = (await control.resident()).find(({ name }) => name === model);
  return {
    model,
    contextLength: resident?.context_length,
    formerKeepAlive: resident && keepAliveOf(resident, wallClockMs),
  };
}

async function findModel(
  control: OllamaControl,
  origin: string,
  wanted: string | undefined,
): Promise<string> {
  const installed = await control.installed();
  if (wanted !== undefined) {
    const found = installed.find(({ name }) => name === wanted || name === `${wanted}:latest`);
    if (found) return found.name;
    const names = installed.map(({ name }) => name).join(", ") || "none";
    throw new TroubleError({
      code: "model_missing",
      message: `The model '${wanted}' is not installed at ${origin} (installed: ${names}).`,
      remedy: `Run \`ollama pull ${wanted}\`, or name an installed model with --model.`,
    });
  }
  const local = installed.filter((model) => model.remote_host === undefined);
  const bySize = local.toSorted((a, b) => a.size - b.size).slice(0, MAX_MODELS_TRIED);
  for (const { name } of bySize) if (await control.canChat(name)) return name;
  throw new TroubleError({
    code: "no_chat_model",
    message: `The Ollama at ${origin} has no local model that can chat.`,
    remedy: "Install one, such as with `ollama pull gemma3:1b`.",
  });
}

function keepAliveOf(resident: ResidentModel, wallClockMs: number): string | number | undefined {
  const expiresMs = Date.parse(resident.expires_at ?? "");
  if (Number.isNaN(expiresMs)) return undefined;
  const leftMs = expiresMs - wallClockMs;
  if (leftMs > FOREVER_MS) return KEEP_ALIVE_FOREVER;
  return `${Math.max(1, Math.ceil(leftMs / 1000))}s`;
}
