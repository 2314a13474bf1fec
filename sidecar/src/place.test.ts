import { pino } from "pino";
import { afterEach, describe, expect, test } from "vitest";
import { DEFAULT_CONFIG } from "./config.ts";
import { choosePlaces } from "./place.ts";
import { refusing, type ScriptedOllama, startScriptedOllama } from "./testing/index.ts";

const SILENT_ORIGIN = "http://127.0.0.1:1";
const EMBEDDING = { name: "embed", capabilities: ["embedding"] };

let ollama: ScriptedOllama | undefined;
let logged = "";
const log = pino({ level: "warn" }, { write: (line) => (logged += line) });

afterEach(async () => {
  logged = "";
  await ollama?.close();
  ollama = undefined;
});

describe("the engine that serves", () => {
  test("is the Ollama at OLLAMA_HOST if it can chat", async () => {
    ollama = await startScriptedOllama();
    const config = { ...DEFAULT_CONFIG, ollamaHost: ollama.origin };
    expect(await choosePlaces(config, log)).toMatchObject([{ kind: "ollama", url: ollama.origin }]);
    expect(logged).toBe("");
  });

  test("is the embedded one if nobody answers at OLLAMA_HOST", async () => {
    const config = { ...DEFAULT_CONFIG, ollamaHost: SILENT_ORIGIN };
    expect(await choosePlaces(config, log)).toEqual([{ kind: "embedded" }]);
  });

  test("is the embedded one, with a warning and a remedy, if that Ollama has no model that can chat", async () => {
    ollama = await startScriptedOllama({ models: [EMBEDDING] });
    const config = { ...DEFAULT_CONFIG, ollamaHost: ollama.origin };
    expect(await choosePlaces(config, log)).toEqual([{ kind: "embedded" }]);
    expect(logged).toContain("no_chat_model");
    expect(logged).toContain("ollama pull");
  });

  test("is the embedded one if something else answers at OLLAMA_HOST", async () => {
    ollama = await startScriptedOllama();
    ollama.answerPathWith("/api/version", refusing(404, "no such page"));
    const config = { ...DEFAULT_CONFIG, ollamaHost: ollama.origin };
    expect(await choosePlaces(config, log)).toEqual([{ kind: "embedded" }]);
  });

  test("is never another one than the Ollama that was named, silent or without a model", async () => {
    ollama = await startScriptedOllama({ models: [EMBEDDING] });
    for (const origin of [SILENT_ORIGIN, ollama.origin]) {
      const config = { ...DEFAULT_CONFIG, ollama: [origin], ollamaHost: ollama.origin };
      expect(await choosePlaces(config, log)).toMatchObject([{ kind: "ollama", url: origin }]);
    }
  });

  test("is the Ollama at OLLAMA_HOST, silent or not, if a model was named", async () => {
    const config = { ...DEFAULT_CONFIG, ollamaHost: SILENT_ORIGIN, model: "gemma3:1b" };
    expect(await choosePlaces(config, log)).toMatchObject([{ kind: "ollama", url: SILENT_ORIGIN }]);
  });
});
