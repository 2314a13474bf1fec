import { z } from "zod";

const trouble = z.object({ code: z.string(), message: z.string(), remedy: z.string() });
export type Trouble = z.infer<typeof trouble>;

const endpoint = z.object({
  url: z.string().nullable(),
  kind: z.enum(["ollama", "embedded"]),
  engineVersion: z.string().nullable(),
  model: z.string().nullable(),
  state: z.enum(["starting", "loading", "warm", "checking", "down"]),
  trouble: trouble.nullable(),
  warmTtftMs: z.number().nullable(),
});

/** What of a sidecar's `/status` the game and its supervisor read. */
const sidecarStatus = z.object({
  endpoints: z.tuple([endpoint], endpoint),
});
export type SidecarStatus = z.infer<typeof sidecarStatus>;

const ANSWER_TIMEOUT_MS = 1_000;

/** Asks a sidecar (its ws:// or http:// address) how it is; undefined if it does not answer. */
export async function askSidecar(
  address: string,
  signal: AbortSignal,
): Promise<SidecarStatus | undefined> {
  try {
    const url = new URL("/status", address.replace(/^ws/u, "http"));
    const timeout = AbortSignal.timeout(ANSWER_TIMEOUT_MS);
    const response = await fetch(url, { signal: AbortSignal.any([signal, timeout]) });
    if (!response.ok) return undefined;
    return sidecarStatus.parse(await response.json());
  } catch {
    // Refused, too late, or not a sidecar: whoever asks can only ask again.
    return undefined;
  }
}
