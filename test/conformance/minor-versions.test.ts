import { once } from "node:events";
import {
  decodeDown,
  type Down,
  encode,
  SUBPROTOCOL,
  type UnknownMessage,
} from "@banterwire/protocol";
import { createLog, DEFAULT_CONFIG, type Sidecar, startSidecar } from "@banterwire/sidecar";
import { saying, type ScriptedOllama, startScriptedOllama } from "@banterwire/sidecar/testing";
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { WebSocket } from "ws";
import { PATIENCE } from "../support/patience.ts";

let ollama: ScriptedOllama;
let sidecar: Sidecar;

beforeAll(async () => {
  ollama = await startScriptedOllama({ slots: 1, answerWith: () => saying("Mind the step.") });
  const config = { ...DEFAULT_CONFIG, port: 0, ollama: [ollama.origin] };
  sidecar = await startSidecar(config, createLog("silent"));
  await vi.waitUntil(() => sidecar.status().endpoints[0].state === "warm", PATIENCE);
});

afterAll(async () => {
  await sidecar.close();
  await ollama.close();
});

/** The frame with one more field at its end: an array of up to fourteen is one byte's change. */
function withNewField(frame: Uint8Array): Uint8Array {
  const longer = Buffer.concat([frame, Buffer.of(0xa3), Buffer.from("new")]);
  longer[0] = (frame[0] ?? 0) + 1;
  return longer;
}

it("the sidecar lives with a client of 1.1: new fields, types and capabilities pass it by", async () => {
  const socket = new WebSocket(sidecar.url, SUBPROTOCOL);
  const received: (Down | UnknownMessage)[] = [];
  socket.on("message", (data) => received.push(decodeDown(data as Buffer)));
  await once(socket, "open");
  const character = { character: "mira", name: "Mira", persona: "Mira.", closers: [] };
  const frames = [
    encode({
      kind: "hello",
      minor: 1,
      capabilities: ["telepathy"],
      client: "1.1",
      session: null,
    }),
    encode({ kind: "roomOpen", room: 1, worldKey: "tavern" }),
    encode({ kind: "characterRegister", room: 1, ...character, fallbacks: ["Hm."] }),
    encode({
      kind: "cue",
      room: 1,
      line: 1,
      candidates: [["mira", 0, 255]],
      remainingMs: 10_000,
      priority: "reply",
      player: null,
      said: "Evening.",
      event: null,
      context: [],
      supersedes: null,
    }),
  ];
  for (const frame of frames) socket.send(withNewField(frame));
  socket.send(Buffer.of(0x92, 14, 0xa1, 0x61));
  await vi.waitUntil(() => received.some(({ kind }) => kind === "lineEnd"), PATIENCE);
  expect(received[0]).toMatchObject({ kind: "welcome", minor: 0, capabilities: [] });
  expect(received.filter(({ kind }) => kind === "error")).toMatchObject([{ code: "unknown_type" }]);
  expect(received.find(({ kind }) => kind === "lineEnd")).toMatchObject({ source: "model" });
  expect(socket.readyState).toBe(WebSocket.OPEN);
  socket.close();
  await once(socket, "close");
});
