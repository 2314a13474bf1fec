import { systemClock } from "@banterwire/protocol";
import { createClient } from "@banterwire/protocol/client";
import { pino } from "pino";
import { afterEach, describe, expect, test, vi } from "vitest";
import { DEFAULT_CONFIG, type EndpointConfig, type SidecarConfig } from "../config.ts";
import { type Sidecar, startSidecar } from "../server.ts";
import { saying, type ScriptedOllama, startScriptedOllama } from "../testing/index.ts";
import { startTlsProxy, TEST_CERTIFICATE, type TlsProxy } from "../testing/tls-proxy.ts";

const PATIENCE = { timeout: 40_000, interval: 10 };
const ANYTHING = { serves: ["reply", "nearby", "ambient"], characters: [] } as const;
const SECRET = "Bearer open-sesame";

let ollamas: ScriptedOllama[] = [];
let proxy: TlsProxy | undefined;
let sidecar: Sidecar | undefined;
let logged = "";

afterEach(async () => {
  await sidecar?.close();
  await proxy?.close();
  await Promise.all(ollamas.map((ollama) => ollama.close()));
  ollamas = [];
  [proxy, sidecar, logged] = [undefined, undefined, ""];
});

async function startOllama(): Promise<ScriptedOllama> {
  const ollama = await startScriptedOllama({ slots: 4, answerWith: saying("Mind the step.", 5) });
  ollamas.push(ollama);
  return ollama;
}

async function serve(config: Partial<SidecarConfig>): Promise<Sidecar> {
  const log = pino({ level: "debug" }, { write: (line: string) => void (logged += line) });
  const whole = { ...DEFAULT_CONFIG, port: 0, slots: 4, ...config };
  sidecar = await startSidecar(whole, log, systemClock);
  return sidecar;
}

function states(of: Sidecar): string[] {
  return of.status().endpoints.map(({ state }) => state);
}

test("one of two Ollamas that dies under load: each line ends once, and later ones come from the other", async () => {
  const [first, second] = [await startOllama(), await startOllama()];
  const running = await serve({ ollama: [first.origin, second.origin] });
  await vi.waitFor(() => expect(states(running)).toEqual(["warm", "warm"]), PATIENCE);
  const client = createClient({ url: running.url });
  const room = client.openRoom({ worldKey: "tavern" });
  const cast = Array.from({ length: 8 }, (_, at) => `npc${at}`);
  for (const id of cast) {
    const persona = `You are ${id}, who keeps a bar of their own.`;
    room.register({ id, name: id, persona, fallbacks: ["Hm."], closers: [" - and so on."] });
  }
  await vi.waitFor(() => expect(client.state.name).toBe("open"), PATIENCE);
  const say = (id: string) => room.say(id, { said: "Hello!", ttftBudgetMs: 10_000 });
  const open = cast.map((id) => say(id));
  await vi.waitFor(
    () => expect(first.books.opens + second.books.opens).toBeGreaterThan(8),
    PATIENCE,
  );
  await first.close();
  const ended = await Promise.all(open.map((line) => line.ended));
  // Cut short in character, whole, or authored where nobody was left in time; never spliced.
  for (const { text } of ended)
    expect(text).toMatch(/^(Hm\.|Mind the step\.|Mind.* - and so on\.)$/u);
  await vi.waitFor(() => expect(states(running)).toEqual(["down", "warm"]), PATIENCE);
  for (const id of cast) {
    expect(await say(id).ended).toMatchObject({ source: "model", text: "Mind the step." });
  }
  client.close();
  await vi.waitFor(() => {
    const { endpoints } = running.status();
    for (const { opens, closes } of endpoints) expect(opens).toBe(closes);
  }, PATIENCE);
});

async function behindProxy(told: Partial<EndpointConfig>): Promise<EndpointConfig> {
  const ollama = await startOllama();
  proxy = await startTlsProxy(ollama.origin, SECRET);
  return { url: proxy.origin, ...ANYTHING, ...told };
}

describe("an Ollama behind a proxy", () => {
  test("is reached with its certificate and its header, which nobody is told", async () => {
    const running = await serve({
      endpoints: [await behindProxy({ authorization: SECRET, ca: TEST_CERTIFICATE })],
    });
    await vi.waitFor(() => expect(states(running)).toEqual(["warm"]), PATIENCE);
    expect(proxy?.authorizations).toEqual(new Set([SECRET]));
    const page = await fetch(new URL("/status", running.url.replace("ws:", "http:")));
    expect(await page.text()).not.toContain("sesame");
    await running.reconfigure({ ...DEFAULT_CONFIG, port: 0, ollama: ["http://127.0.0.1:1"] });
    expect(logged).not.toContain("sesame");
  });

  test("takes the header that is for all where it has none of its own", async () => {
    const endpoints = [await behindProxy({ ca: TEST_CERTIFICATE })];
    const running = await serve({ endpoints, ollamaAuthorization: SECRET });
    await vi.waitFor(() => expect(states(running)).toEqual(["warm"]), PATIENCE);
  });

  test("that is to have another header keeps its endpoint, warm as it is", async () => {
    const told = await behindProxy({ authorization: SECRET, ca: TEST_CERTIFICATE });
    const running = await serve({ endpoints: [told] });
    await vi.waitFor(() => expect(states(running)).toEqual(["warm"]), PATIENCE);
    const { opens } = running.status().endpoints[0];
    const other = "Bearer open-barley";
    proxy?.admit(other);
    const endpoints = [{ ...told, authorization: other }];
    await running.reconfigure({ ...DEFAULT_CONFIG, port: 0, slots: 4, endpoints });
    expect(states(running)).toEqual(["warm"]);
    expect(running.status().endpoints[0].opens).toBe(opens);
    const client = createClient({ url: running.url });
    const room = client.openRoom({ worldKey: "tavern" });
    room.register({ id: "mira", name: "Mira", persona: "You are Mira.", fallbacks: ["Hm."] });
    const { ended } = room.say("mira", { said: "Hello!", ttftBudgetMs: 10_000 });
    expect(await ended).toMatchObject({ source: "model", text: "Mind the step." });
    client.close();
    expect(proxy?.authorizations).toEqual(new Set([SECRET, other]));
    expect(logged).not.toMatch(/sesame|barley/u);
  });

  test("is down, with what it says, without its header; and without its certificate", async () => {
    const running = await serve({ endpoints: [await behindProxy({ ca: TEST_CERTIFICATE })] });
    await vi.waitFor(
      () => expect(running.status().endpoints[0].trouble?.code).toBe("not_admitted"),
      PATIENCE,
    );
    await running.reconfigure({
      ...DEFAULT_CONFIG,
      endpoints: [{ url: proxy?.origin ?? "", ...ANYTHING, authorization: SECRET }],
    });
    await vi.waitFor(() => {
      const troubles = running.status().endpoints.map(({ trouble }) => trouble?.code);
      expect(troubles).toEqual(["certificate"]);
    }, PATIENCE);
  });
});

describe("a reload", () => {
  test("adds an endpoint beside those that serve, and takes one away, without a load at the others", async () => {
    const [first, second] = [await startOllama(), await startOllama()];
    const running = await serve({ ollama: [first.origin] });
    await vi.waitFor(() => expect(states(running)).toEqual(["warm"]), PATIENCE);
    const both = { ...DEFAULT_CONFIG, slots: 4, ollama: [first.origin, second.origin] };
    await running.reconfigure(both);
    await vi.waitFor(() => expect(states(running)).toEqual(["warm", "warm"]), PATIENCE);
    expect(running.status().endpoints.map(({ name }) => name)).toEqual(["ollama", "ollama-2"]);
    await running.reconfigure({ ...both, ollama: [second.origin] });
    await vi.waitFor(() => expect(first.books.sockets).toBe(0), PATIENCE);
    expect(running.status().endpoints).toMatchObject([{ url: second.origin, state: "warm" }]);
    expect([first.books.loads, second.books.loads]).toEqual([1, 1]);
  });
});
