import { type Client, createClient } from "@banterwire/protocol/client";
import { createLog, DEFAULT_CONFIG, type Sidecar, startSidecar } from "@banterwire/sidecar";
import {
  MOODS,
  saying,
  type ScriptedOllama,
  startScriptedOllama,
} from "@banterwire/sidecar/testing";
import { vi } from "vitest";

export const MIRA = {
  id: "mira",
  name: "Mira",
  persona: "You are Mira, who keeps the bar.",
  fallbacks: ["One moment.", "Busy, love."],
} as const;

/** What a player says to be left without an answer. */
export const UNANSWERED = "Say nothing at all.";

/** A scripted Ollama, a sidecar that is warm, and a game's client that is connected to it. */
export interface ObservedSidecar {
  readonly ollama: ScriptedOllama;
  readonly sidecar: Sidecar;
  readonly client: Client;
  /** The body of a page of the sidecar's. */
  page(path: string): Promise<string>;
  close(): Promise<void>;
}

export async function startObservedSidecar(): Promise<ObservedSidecar> {
  const ollama = await startScriptedOllama({
    slots: 4,
    answerWith: ({ messages }) =>
      JSON.stringify(messages).includes(UNANSWERED) ? MOODS.blackHole : saying("Mind the step."),
  });
  const config = { ...DEFAULT_CONFIG, port: 0, ollama: ollama.origin, slots: 4 };
  const sidecar = await startSidecar(config, createLog("silent"));
  const client = createClient({ url: sidecar.url });
  await vi.waitUntil(() => sidecar.status().endpoint.state === "warm");
  await vi.waitUntil(() => client.state.name === "open");
  return {
    ollama,
    sidecar,
    client,
    async page(path) {
      const response = await fetch(new URL(path, sidecar.url.replace("ws:", "http:")));
      return response.text();
    },
    async close() {
      client.close();
      await sidecar.close();
      await ollama.close();
    },
  };
}
