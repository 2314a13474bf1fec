import { once } from "node:events";
import { decodeDown, type Down, encode, SUBPROTOCOL, type Up } from "@banterwire/protocol";
import { pino } from "pino";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { WebSocket } from "ws";
import { DEFAULT_CONFIG } from "./config.ts";
import { type Sidecar, startSidecar } from "./server.ts";
import { MOODS, refusing, type ScriptedOllama, startScriptedOllama } from "./testing/index.ts";

let ollama: ScriptedOllama;
let sidecar: Sidecar;

beforeEach(async () => {
  ollama = await startScriptedOllama();
  const config = { ...DEFAULT_CONFIG, port: 0, ollama: [ollama.origin] };
  sidecar = await startSidecar(config, pino({ level: "silent" }));
});

afterEach(async () => {
  await sidecar.close();
  await ollama.close();
});

function soon(expectation: () => void | Promise<void>): Promise<void> {
  return vi.waitFor(expectation, { timeout: 30_000, interval: 5 });
}

async function get(path: string): Promise<{ status: number; body: unknown }> {
  const response = await fetch(`http://127.0.0.1:${sidecar.port}${path}`);
  return { status: response.status, body: await response.json() };
}

/** A game in a room with Mira, over a real WebSocket. */
async function joined(): Promise<{
  send: (message: Up) => void;
  heard: Down[];
  socket: WebSocket;
}> {
  const socket = new WebSocket(`ws://127.0.0.1:${sidecar.port}`, SUBPROTOCOL);
  const heard: Down[] = [];
  socket.on("message", (data) => {
    const message = decodeDown(data as Buffer);
    if (message.kind !== "unknown") heard.push(message);
  });
  await once(socket, "open");
  const send = (message: Up): void => socket.send(encode(message));
  send({ kind: "hello", minor: 0, capabilities: [], client: "a test", session: null });
  send({ kind: "roomOpen", room: 1, worldKey: "tavern" });
  send({
    kind: "characterRegister",
    room: 1,
    character: "mira",
    name: "Mira",
    persona: "You are Mira.",
    fallbacks: ["One moment."],
    closers: [],
  });
  return { send, heard, socket };
}

function cue(line: number, remainingMs: number): Up {
  return {
    kind: "cue",
    room: 1,
    line,
    candidates: [["mira", 1, 0]],
    remainingMs,
    priority: "reply",
    player: null,
    said: "Hello!",
    event: null,
    context: [],
    supersedes: null,
  };
}

describe("its pages", () => {
  test("say that it lives, whether it is warm, and what it knows of its endpoint", async () => {
    await soon(async () => expect((await get("/readyz")).status).toBe(200));
    expect(await get("/healthz")).toMatchObject({ status: 200 });
    expect(await get("/status")).toMatchObject({
      status: 200,
      body: {
        version: expect.any(String),
        connections: 0,
        rooms: 0,
        lines: 0,
        endpoints: [
          {
            name: "ollama",
            kind: "ollama",
            url: ollama.origin,
            model: "scripted:latest",
            engineVersion: "0.33.0-scripted",
            contextLength: 4_096,
            state: "warm",
            trouble: null,
            share: 1,
            slots: 1,
            inFlight: 0,
            zombies: 0,
          },
        ],
      },
    });
    expect(await get("/nowhere")).toMatchObject({ status: 404 });
  });

  test("say which characters' prefixes are warm, of how many there is room for", async () => {
    await joined();
    await soon(async () => {
      const { body } = await get("/status");
      const prefixes = { warm: 1, cold: 0, capacity: expect.any(Number) };
      expect(body).toMatchObject({ endpoints: [{ prefixes, predictor: { observations: 3 } }] });
    });
  });

  test("say that it is not ready, and why, while its Ollama is away", async () => {
    await soon(async () => expect((await get("/readyz")).status).toBe(200));
    ollama.answerPathWith("/api/ps", refusing(500, "busy"));
    ollama.answerWith(MOODS.crashed);
    const { send, heard } = await joined();
    send(cue(1, 2_000));
    await soon(async () => {
      expect(await get("/readyz")).toMatchObject({
        status: 503,
        body: { trouble: { remedy: expect.any(String) } },
      });
    });
    await soon(() => expect(heard.at(-1)).toMatchObject({ kind: "lineEnd", source: "fallback" }));
    expect((await get("/healthz")).status).toBe(200);
  });
});

describe("its books", () => {
  test("are those of the Ollama, and balance when the lines are over", async () => {
    await soon(async () => expect((await get("/readyz")).status).toBe(200));
    const { send, heard } = await joined();
    for (let line = 1; line < 40; line += 2) send(cue(line, 5_000));
    await soon(() => expect(heard.filter(({ kind }) => kind === "lineEnd")).toHaveLength(20));
    ollama.answerWith(MOODS.blackHole);
    send(cue(41, 60));
    await soon(() => expect(heard.at(-1)).toMatchObject({ kind: "lineEnd", reason: "budget" }));
    await soon(() => expect(ollama.books.inFlight).toBe(0));
    const { endpoints, connections, rooms, lines } = sidecar.status();
    const [endpoint] = endpoints;
    expect({ connections, rooms, lines }).toEqual({ connections: 1, rooms: 1, lines: 0 });
    expect(endpoint).toMatchObject({ inFlight: 0, waiting: 0, opens: ollama.books.opens });
    expect(endpoint.closes).toBe(endpoint.opens);
    expect(ollama.books).toMatchObject({ maxInFlight: 1, queued: 0, loads: 1 });
  });

  test("forget a game that hangs up in the middle of a line, and cancel it upstream", async () => {
    await soon(async () => expect((await get("/readyz")).status).toBe(200));
    ollama.answerWith(MOODS.stallMidLine);
    const { send, heard, socket } = await joined();
    send(cue(1, 5_000));
    await soon(() => expect(heard.some(({ kind }) => kind === "delta")).toBe(true));
    socket.terminate();
    await soon(() => expect(sidecar.status()).toMatchObject({ connections: 0, lines: 0 }));
    await soon(() => expect(ollama.books.inFlight).toBe(0));
  });
});

test("at its end it says good-bye to games, gives back what it borrowed and frees its port", async () => {
  await soon(async () => expect((await get("/readyz")).status).toBe(200));
  const { heard, socket } = await joined();
  await soon(() => expect(heard).toHaveLength(1));
  const closed = once(socket, "close");
  await sidecar.close();
  expect((await closed)[0]).toBe(4503);
  expect(heard.map(({ kind }) => kind)).toEqual(["welcome", "drain", "error"]);
  expect(ollama.books.received.at(-1)).toMatchObject({
    path: "/api/generate",
    body: { model: "scripted:latest" },
  });
  expect(ollama.books.received.at(-1)?.body).not.toHaveProperty("keep_alive");
  await expect(fetch(`http://127.0.0.1:${sidecar.port}/healthz`)).rejects.toThrow("fetch failed");
  await soon(() => expect(ollama.books.sockets).toBe(0));
});
