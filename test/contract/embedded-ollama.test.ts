import { Ollama } from "ollama";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type RunningProcess, start, stop } from "../support/embedded-ollama-process.ts";

const MODEL = "banter-tiny";
const MESSAGES = [
  {
    role: "system",
    content:
      "You are Marla, a cheerful innkeeper. Traits: generous, always cooking. Place: the tavern. Stay in character and reply with one or two short sentences.",
  },
  { role: "user", content: 'Kira says: "Hello there."' },
];
const options = { seed: 11, temperature: 0.8 };

let running: RunningProcess;
let ollama: Ollama;

beforeAll(async () => {
  running = await start(["--sequences", "1"]);
  ollama = new Ollama({ host: running.url });
});

afterAll(async () => {
  await stop(running);
});

async function chatText(): Promise<string> {
  const reply = await ollama.chat({ model: MODEL, messages: MESSAGES, options });
  return reply.message.content;
}

describe("the ollama package, against the embedded server", () => {
  test("lists the model", async () => {
    const { models } = await ollama.list();
    expect(models).toMatchObject([
      { name: "banter-tiny:latest", model: "banter-tiny:latest", details: { format: "gguf" } },
    ]);
    expect(models[0]?.size).toBeGreaterThan(1_000_000);
    expect(models[0]?.digest).toMatch(/^[0-9a-f]{64}$/);
  });

  test("sees it resident, with its context length, and no end to its keep-alive", async () => {
    const { models } = await ollama.ps();
    expect(models).toMatchObject([{ name: "banter-tiny:latest", size_vram: 0 }]);
    expect(models[0]).toMatchObject({ context_length: 512 });
    expect(new Date(models[0]?.expires_at ?? 0).getFullYear()).toBeGreaterThan(2200);
  });

  test("shows its architecture, context length, parameters and abilities", async () => {
    const shown = await ollama.show({ model: MODEL });
    expect(shown.capabilities).toEqual(["completion"]);
    expect(shown.details).toMatchObject({
      family: "llama",
      parameter_size: "4.95M",
      quantization_level: "Q8_0",
    });
    expect(shown.model_info).toMatchObject({
      "general.architecture": "llama",
      "llama.context_length": 512,
    });
  });

  test("chats, streamed and not, with the same words for the same seed", async () => {
    const stream = await ollama.chat({ model: MODEL, messages: MESSAGES, options, stream: true });
    const parts = await collect(stream);
    const end = parts.at(-1);
    expect(parts.length).toBeGreaterThan(3);
    expect(parts.filter(({ done }) => done)).toHaveLength(1);
    expect(end).toMatchObject({ done: true, done_reason: "stop", message: { content: "" } });
    expect(end?.prompt_eval_count).toBeGreaterThan(40);
    expect(end?.eval_count).toBeGreaterThan(3);
    expect(parts.map(({ message }) => message.content).join("")).toBe(await chatText());
  });

  test("generates, streamed and not, with the same words for the same seed", async () => {
    const request = { model: MODEL, prompt: "Kira walks into the tavern.", options };
    const parts = await collect(await ollama.generate({ ...request, stream: true }));
    const whole = await ollama.generate(request);
    expect(whole.response).toMatch(/^.{4}/);
    expect(parts.map(({ response }) => response).join("")).toBe(whole.response);
    expect(parts.at(-1)?.done_reason).toBe("stop");
  });

  test("cuts at num_predict and says so", async () => {
    const reply = await ollama.generate({
      model: MODEL,
      prompt: "Kira walks into the tavern.",
      options: { ...options, num_predict: 2 },
    });
    expect(reply).toMatchObject({ done_reason: "length", eval_count: 2 });
  });

  test("after an abort the only sequence serves the next request", async () => {
    const expected = await chatText();
    const stream = await ollama.chat({ model: MODEL, messages: MESSAGES, options, stream: true });
    const parts: string[] = [];
    const consumed = (async () => {
      for await (const part of stream) {
        parts.push(part.message.content);
        stream.abort();
      }
    })();
    await expect(consumed).rejects.toThrow("aborted");
    expect(parts.length).toBeGreaterThan(0);
    expect(await chatText()).toBe(expected);
  });

  test("a model that is not there is told in Ollama's words", async () => {
    const missing = { model: "no-such-model" };
    const error = { error: "model 'no-such-model' not found", status_code: 404 };
    await expect(ollama.chat({ ...missing, messages: MESSAGES })).rejects.toMatchObject(error);
    await expect(
      ollama.chat({ ...missing, messages: MESSAGES, stream: true }),
    ).rejects.toMatchObject(error);
    await expect(ollama.generate({ ...missing, prompt: "x" })).rejects.toMatchObject(error);
    await expect(ollama.show(missing)).rejects.toMatchObject(error);
  });

  test("keep_alive 0 unloads it, and the next chat loads it again", async () => {
    const unload = { model: MODEL, prompt: "", keep_alive: 0 };
    expect((await ollama.generate(unload)).done_reason).toBe("unload");
    expect((await ollama.ps()).models).toEqual([]);
    expect((await chatText()).length).toBeGreaterThan(3);
    expect((await ollama.ps()).models).toHaveLength(1);
  });
});

async function collect<T>(stream: AsyncIterable<T>): Promise<T[]> {
  const parts: T[] = [];
  for await (const part of stream) parts.push(part);
  return parts;
}
