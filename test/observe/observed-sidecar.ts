import { type Client, createClient } from "@banterwire/protocol/client";
import { FakeClock } from "@banterwire/protocol/testing";
import { createLog, DEFAULT_CONFIG, type Sidecar, startSidecar } from "@banterwire/sidecar";
import {
  MOODS,
  saying,
  type ScriptedOllama,
  startScriptedOllama,
} from "@banterwire/sidecar/testing";
import { vi } from "vitest";
import { PATIENCE } from "../support/patience.ts";

export const MIRA = {
  id: "mira",
  name: "Mira",
  persona: "You are Mira, who keeps the bar.",
  fallbacks: ["One moment.", "Busy, love."],
} as const;

/** What a player says to be left without an answer. */
export const UNANSWERED = "Say nothing at all.";

/** The sidecar lets its last messages arrive. */
const GOOD_BYE_MS = 1_000;

/**
 * A scripted Ollama, a sidecar that is warm, and a game's client that is connected to it: by real
 * sockets, and with one clock that stands still unless a test moves it.
 */
export interface ObservedSidecar {
  readonly clock: FakeClock;
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
  const config = { ...DEFAULT_CONFIG, port: 0, ollama: [ollama.origin], slots: 4 };
  const clock = new FakeClock();
  const sidecar = await startSidecar(config, createLog("silent"), clock);
  const client = createClient({ url: sidecar.url, clock });
  await vi.waitUntil(() => sidecar.status().endpoints[0].state === "warm", PATIENCE);
  await vi.waitUntil(() => client.state.name === "open", PATIENCE);
  return {
    clock,
    ollama,
    sidecar,
    client,
    async page(path) {
      const response = await fetch(new URL(path, sidecar.url.replace("ws:", "http:")));
      return response.text();
    },
    async close() {
      client.close();
      const closed = sidecar.close();
      clock.advance(GOOD_BYE_MS);
      await closed;
      await ollama.close();
    },
  };
}
