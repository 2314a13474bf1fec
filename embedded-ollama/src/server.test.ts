import { once } from "node:events";
import { request as httpRequest, type Server } from "node:http";
import { type AddressInfo, connect } from "node:net";
import type { Llama } from "node-llama-cpp";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { generationOf } from "./completion.ts";
import { MAX_BODY_BYTES } from "./http-io.ts";
import { loadLlama } from "./llama.ts";
import { LoadedModel } from "./loaded-model.ts";
import { modelFactsOf } from "./model-facts.ts";
import { openModelFile, SHIPPED_MODEL_PATH } from "./model-file.ts";
import { parseChat } from "./requests.ts";
import { type Clock, Residency } from "./residency.ts";
import { createOllamaServer } from "./server.ts";

const PROMPT = {
  model: "banter-tiny",
  messages: [
    {
      role: "system",
      content: "You are Marla, a cheerful innkeeper. Traits: proud of the stew. Place: the tavern.",
    },
    { role: "user", content: "Kira walks into the tavern." },
  ],
  options: { seed: 1 },
};
const noTimers: Clock = { nowMs: () => 0, after: () => () => undefined };

let llama: Llama;
let server: Server;
let residency: Residency<LoadedModel>;
let base: string;

beforeAll(async () => {
  llama = await loadLlama();
  const file = await openModelFile(SHIPPED_MODEL_PATH);
  const options = { sequences: 1, contextTokens: 512, threads: 1, maxWaiting: 1 };
  residency = new Residency<LoadedModel>(
    {
      load: () => LoadedModel.load(llama, file.path, options),
      unload: (model) => model.dispose(),
    },
    noTimers,
    { kind: "forever" },
  );
  const lease = await residency.acquire();
  server = createOllamaServer({
    file,
    facts: modelFactsOf(lease.resource.model.fileInfo),
    residency,
    contextTokens: 512,
    version: "0.0.0-test",
    localOnly: true,
    closing: new AbortController().signal,
  });
  lease.release();
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

afterAll(async () => {
  server.close();
  server.closeAllConnections();
  await residency.close();
  await llama.dispose();
});

interface Reply {
  readonly status: number;
  readonly body: Record<string, unknown>;
}

async function post(path: string, body: unknown, signal?: AbortSignal): Promise<Reply> {
  const text = typeof body === "string" ? body : JSON.stringify(body);
  const response = await fetch(base + path, { method: "POST", body: text, signal: signal ?? null });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

const idleSequences = async (): Promise<number> => {
  const lease = await residency.acquire();
  lease.release();
  return lease.resource.idleSequences;
};

/** Takes the one sequence and keeps it until it is returned: nobody reads on. */
async function holdSequence(): Promise<{ model: LoadedModel; letGo: () => Promise<void> }> {
  const lease = await residency.acquire();
  const request = generationOf(parseChat(PROMPT), lease.resource);
  const events = lease.resource.generate(request, new AbortController().signal);
  await events.next();
  return {
    model: lease.resource,
    letGo: async () => {
      await events.return(undefined);
      lease.release();
    },
  };
}

describe("answers like Ollama", () => {
  test("the root says that it runs, to GET and HEAD", async () => {
    expect(await (await fetch(base)).text()).toBe("Ollama is running");
    expect((await fetch(base, { method: "HEAD" })).status).toBe(200);
  });

  test("an unknown path is 404 and a known one with the wrong method 405", async () => {
    expect((await fetch(`${base}/api/pull`)).status).toBe(404);
    expect((await fetch(`${base}/api/chat`)).status).toBe(405);
    expect((await fetch(`${base}/api/tags`, { method: "DELETE" })).status).toBe(405);
  });

  test.each([
    ["", 400, "missing request body"],
    ["{", 400, "the request body is not valid JSON"],
    [{}, 400, "model is required"],
    [{ model: "nope", messages: [] }, 404, "model 'nope' not found"],
    [{ ...PROMPT, think: true }, 400, '"banter-tiny" does not support thinking'],
    [{ ...PROMPT, messages: [{ role: "user", content: "x".repeat(9_000) }] }, 400, /^the input/],
    ["x".repeat(MAX_BODY_BYTES + 1), 413, /exceeds 1048576 bytes/],
  ])("the body %.40j is refused with %i", async (body, status, error) => {
    const reply = await post("/api/chat", body);
    expect(reply.status).toBe(status);
    expect(reply.body["error"]).toMatch(error);
    expect(Object.keys(reply.body)).toEqual(["error"]);
  });

  test("a streamed chat is one line for each piece and a last one with counts and nanoseconds", async () => {
    const response = await fetch(`${base}/api/chat`, {
      method: "POST",
      body: JSON.stringify(PROMPT),
    });
    expect(response.headers.get("content-type")).toBe("application/x-ndjson");
    const lines = (await response.text())
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    const end = lines.pop();
    expect(lines.length).toBeGreaterThan(3);
    for (const line of lines) expect(line).toMatchObject({ model: "banter-tiny", done: false });
    expect(end).toMatchObject({ done: true, done_reason: "stop", message: { content: "" } });
    expect(end?.["eval_count"]).toBeGreaterThanOrEqual(lines.length);
    for (const field of ["total_duration", "load_duration", "prompt_eval_count"])
      expect(end?.[field]).toBeGreaterThan(0);
    const spent = Number(end?.["prompt_eval_duration"]) + Number(end?.["eval_duration"]);
    expect(spent).toBeLessThanOrEqual(Number(end?.["total_duration"]));

    const whole = await post("/api/chat", { ...PROMPT, stream: false });
    const streamed = lines.map((line) => (line["message"] as { content: string }).content).join("");
    expect(whole.body["message"]).toEqual({ role: "assistant", content: streamed });
  });

  test("a name of another machine in the Host header is refused", async () => {
    const { hostname, port } = new URL(base);
    const request = httpRequest({ hostname, port, headers: { host: "rebound.example" } }).end();
    const [response] = (await once(request, "response")) as [
      { statusCode: number; resume(): void },
    ];
    response.resume();
    expect(response.statusCode).toBe(403);
  });

  test("bytes that are no HTTP get a 400 and the server goes on", async () => {
    const socket = connect(Number(new URL(base).port), "127.0.0.1");
    socket.write("\u0000\u0001 nonsense\r\n\r\n");
    const [answer] = (await once(socket, "data")) as [Buffer];
    expect(answer.toString()).toMatch(/^HTTP\/1\.1 400 /);
    socket.destroy();
    expect((await fetch(`${base}/api/version`)).status).toBe(200);
  });
});

describe("residency", () => {
  test("keep_alive 0 without messages unloads, ps shows none, and the next request loads again", async () => {
    const unload = await post("/api/chat", { model: "banter-tiny", keep_alive: 0 });
    expect(unload.body).toMatchObject({ done: true, done_reason: "unload" });
    expect(await (await fetch(`${base}/api/ps`)).json()).toEqual({ models: [] });
    const load = await post("/api/generate", { model: "banter-tiny" });
    expect(load.body).toMatchObject({ done: true, done_reason: "load", response: "" });
    const { models } = (await (await fetch(`${base}/api/ps`)).json()) as { models: object[] };
    expect(models).toMatchObject([{ name: "banter-tiny:latest", context_length: 512 }]);
    await post("/api/generate", {
      model: "banter-tiny",
      prompt: "Hi",
      keep_alive: 0,
      stream: false,
    });
    expect(await (await fetch(`${base}/api/ps`)).json()).toEqual({ models: [] });
    expect((await post("/api/chat", { ...PROMPT, stream: false })).status).toBe(200);
  });
});

describe("one sequence and one place in the queue", () => {
  test("one request more than may wait is refused as busy", async () => {
    const { model, letGo } = await holdSequence();
    const waiting = post("/api/chat", { ...PROMPT, stream: false });
    await expect.poll(() => model.waiting).toBe(1);
    const refused = await post("/api/chat", PROMPT);
    expect(refused.status).toBe(503);
    expect(refused.body["error"]).toMatch(/^server busy, please try again/);
    await letGo();
    expect((await waiting).status).toBe(200);
  });

  test("a client that leaves while it waits gives its place back", async () => {
    const { model, letGo } = await holdSequence();
    const client = new AbortController();
    const waiting = post("/api/chat", PROMPT, client.signal);
    await expect.poll(() => model.waiting).toBe(1);
    client.abort();
    await expect(waiting).rejects.toThrow("aborted");
    await expect.poll(() => model.waiting).toBe(0);
    await letGo();
  });

  test("a client that leaves in the middle of its line frees the sequence", async () => {
    const generate = vi.spyOn(LoadedModel.prototype, "generate");
    const client = new AbortController();
    const body = JSON.stringify(PROMPT);
    await fetch(`${base}/api/chat`, { method: "POST", body, signal: client.signal });
    const signal = generate.mock.calls[0]?.[1];
    client.abort();
    await expect.poll(() => signal?.aborted).toBe(true);
    await expect.poll(idleSequences).toBe(1);
    generate.mockRestore();
  });
});
