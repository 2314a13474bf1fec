import { systemClock } from "@banterwire/protocol";
import { pino } from "pino";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { DEFAULT_CONFIG, type SidecarConfig } from "../config.ts";
import { unobserved } from "../happening.ts";
import { type ScriptedOllama, startScriptedOllama } from "../testing/index.ts";
import { Engine } from "./engine.ts";

/** The embedded model takes seconds to load on a busy machine. */
vi.setConfig({ testTimeout: 120_000 });

const NOWHERE = "http://127.0.0.1:1";

let first: ScriptedOllama;
let second: ScriptedOllama;
let engine: Engine;

beforeEach(async () => {
  const models = [
    { name: "small:latest", sizeBytes: 1 },
    { name: "large:8b", sizeBytes: 2 },
  ];
  first = await startScriptedOllama({ models });
  second = await startScriptedOllama({ models });
});

afterEach(async () => {
  await engine.close();
  await Promise.all([first.close(), second.close()]);
});

async function startAt(config: Partial<SidecarConfig>): Promise<void> {
  const parts = { log: pino({ level: "silent" }), clock: systemClock, observe: unobserved };
  engine = await Engine.choose({ ...DEFAULT_CONFIG, ...config }, parts);
  engine.upstream.start();
  await serving({ state: "warm" });
}

function reconfigure(config: Partial<SidecarConfig>): Promise<void> {
  return engine.reconfigure({ ...DEFAULT_CONFIG, ...config });
}

function serving(status: object): Promise<void> {
  const expectation = () => expect(engine.status[0]).toMatchObject(status);
  return vi.waitFor(expectation, { timeout: 40_000, interval: 10 });
}

describe("a reload", () => {
  test("of slots changes them in place", async () => {
    await startAt({ ollama: [first.origin] });
    await reconfigure({ ollama: [first.origin], slots: 5 });
    expect(engine.status[0]).toMatchObject({ slots: 5, state: "warm" });
    expect(engine.upstream.members).toHaveLength(1);
    expect(first.books.loads).toBe(1);
  });

  test.each([
    ["names the model that serves", { model: "small" }],
    ["names it with its tag", { model: "small:latest" }],
    ["names an Ollama by its other name", { ollama: [] }],
  ])("that %s changes nothing", async (_what, change) => {
    await startAt({ ollama: [first.origin], ollamaHost: first.origin });
    await reconfigure({ ollama: [first.origin], ollamaHost: first.origin, ...change });
    expect(engine.upstream.members).toHaveLength(1);
    expect(first.books.loads).toBe(1);
  });

  test("that no longer names a model keeps the one that serves", async () => {
    await startAt({ ollama: [first.origin], model: "large:8b" });
    await reconfigure({ ollama: [first.origin] });
    expect(engine.upstream.members).toHaveLength(1);
    expect(engine.status[0]).toMatchObject({ model: "large:8b", state: "warm" });
  });

  test("that names another model of the same Ollama brings that one", async () => {
    await startAt({ ollama: [first.origin] });
    await reconfigure({ ollama: [first.origin], model: "large:8b", slots: 2 });
    await serving({ model: "large:8b", state: "warm", slots: 2 });
    expect(engine.upstream.members).toHaveLength(1);
  });

  test("that corrects a model which is missing is taken over, though nothing was warm", async () => {
    const parts = { log: pino({ level: "silent" }), clock: systemClock, observe: unobserved };
    const config = { ...DEFAULT_CONFIG, ollama: [first.origin], model: "typo" };
    engine = await Engine.choose(config, parts);
    engine.upstream.start();
    await serving({ state: "down", trouble: { code: "model_missing" } });
    await reconfigure({ ollama: [first.origin] });
    await serving({ state: "warm", model: "small:latest" });
    expect(first.books.loads).toBe(1);
  });

  test("is forgotten when a newer one comes while it still looks around", async () => {
    await startAt({ ollama: [first.origin] });
    first.answerPathWith("/api/version", { steps: [{ do: "hang" }] });
    const older = reconfigure({ ollamaHost: first.origin });
    await reconfigure({ ollama: [second.origin] });
    await serving({ url: second.origin, state: "warm" });
    await older;
    expect(engine.upstream.members).toHaveLength(1);
    expect(engine.status[0]).toMatchObject({ kind: "ollama", url: second.origin });
  });

  test("leads from the embedded model to an Ollama and back, and leaves no process behind", async () => {
    await startAt({ ollamaHost: NOWHERE, slots: 3 });
    const embeddedUrl = engine.status[0].url ?? "";
    expect(engine.status[0]).toMatchObject({
      kind: "embedded",
      slots: 8,
      prefixes: { capacity: 16 },
    });
    expect(engine.upstream.promptStyle).toBe("bare");
    await reconfigure({ ollama: [first.origin], slots: 3 });
    await serving({ kind: "ollama", url: first.origin, state: "warm", slots: 3 });
    expect(engine.upstream.promptStyle).toBe("instructed");
    await vi.waitFor(
      () => expect(fetch(`${embeddedUrl}/api/version`)).rejects.toThrow("fetch failed"),
      { timeout: 40_000, interval: 50 },
    );
    await reconfigure({ ollamaHost: NOWHERE });
    await serving({ kind: "embedded", state: "warm" });
  });
});
