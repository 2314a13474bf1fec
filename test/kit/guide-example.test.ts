import { createClient } from "@banterwire/protocol/client";
import { createLog, DEFAULT_CONFIG, startSidecar } from "@banterwire/sidecar";
import { MOODS, OUTCOMES, saying, startScriptedOllama } from "@banterwire/sidecar/testing";
import { expect, test, vi } from "vitest";

test("a stall in mid-line ends with one of Mira's closers", { timeout: 60_000 }, async () => {
  const ollama = await startScriptedOllama({
    answerWith: (body) =>
      JSON.stringify(body).includes("secret") ? MOODS.stallMidLine : saying("Evening, traveller."),
  });
  const config = { ...DEFAULT_CONFIG, port: 0, ollama: [ollama.origin] };
  const sidecar = await startSidecar(config, createLog("silent"));
  const client = createClient({ url: sidecar.url });
  const room = client.openRoom({ worldKey: "tavern" });
  room.register({
    id: "mira",
    name: "Mira",
    persona: "You are Mira, who keeps the bar.",
    fallbacks: ["One moment."],
    closers: [" - but I talk too much."],
  });
  const isWarm = () => sidecar.status().endpoints[0].state === "warm";
  const isReady = () => isWarm() && client.state.name === "open";
  await vi.waitUntil(isReady, { timeout: 30_000 });

  const line = room.say("mira", { said: "Tell me a secret.", ttftBudgetMs: 10_000 });

  const { source, reason, words } = OUTCOMES.stallMidLine;
  const text = `${words} - but I talk too much.`;
  expect(await line.ended).toMatchObject({ source, reason, text });
  const over = { inFlight: 0, cancelled: 1 };
  await expect.poll(() => ollama.books, { timeout: 30_000 }).toMatchObject(over);

  client.close();
  await sidecar.close();
  await ollama.close();
});
