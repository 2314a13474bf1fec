import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { decodeDown, type Down, type UnknownMessage } from "@banterwire/protocol";
import { createLog, DEFAULT_CONFIG, type Sidecar, startSidecar } from "@banterwire/sidecar";
import {
  MOODS,
  saying,
  type ScriptedOllama,
  startScriptedOllama,
} from "@banterwire/sidecar/testing";
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { WebSocket } from "ws";
import { PATIENCE } from "../support/patience.ts";

/** A step of a trace, as SPEC.md's vectors have it. */
interface Step {
  readonly from?: "client" | "sidecar";
  readonly hex?: string;
  readonly text?: string;
  readonly upgrade?: Readonly<Record<string, string>>;
  readonly status?: number;
  readonly close?: number;
  readonly by?: "client" | "sidecar";
}

interface Trace {
  readonly name: string;
  readonly limits?: Readonly<Record<string, number>>;
  readonly steps: readonly Step[];
}

const require = createRequire(import.meta.url);
const PROTOCOL = dirname(require.resolve("@banterwire/protocol/package.json"));
const FILE = join(PROTOCOL, "vectors", "traces", "refusals.json");
const TRACES = JSON.parse(readFileSync(FILE, "utf8")) as Trace[];

/** What no test from outside can bring about yet, or not without waiting for long. */
const NOT_PLAYED = new Set([
  "too_many_connections",
  "version_unsupported",
  "handshake_timeout",
  "fragment_timeout",
  "heartbeat_timeout",
  "slow_consumer",
  "session_taken",
  "unknown_line",
  "scene_exists",
  "too_many_scenes",
  "no_new_lines, then draining",
  "internal",
]);

let ollama: ScriptedOllama;

beforeAll(async () => {
  // The lines of cues stay open, so that there can be too many of them.
  ollama = await startScriptedOllama({
    slots: 4,
    answerWith: ({ messages }) =>
      JSON.stringify(messages).includes("A player entered") ? MOODS.blackHole : saying("Hm."),
  });
});

afterAll(() => ollama.close());

it.each(TRACES.filter(({ name }) => !NOT_PLAYED.has(name)))(
  "the sidecar refuses as the trace says: $name",
  async ({ limits, steps }) => {
    const config = { ...DEFAULT_CONFIG, ...limits, port: 0, ollama: [ollama.origin], slots: 4 };
    const sidecar = await startSidecar({ ...config, token: "secret" }, createLog("silent"));
    try {
      await vi.waitUntil(() => sidecar.status().endpoints[0].state === "warm", PATIENCE);
      expect(await play(sidecar, steps)).toEqual(answersOf(steps));
    } finally {
      await sidecar.close();
    }
  },
);

it("every trace is played, or is known not to be", () => {
  const names = TRACES.map(({ name }) => name);
  expect(names).toEqual(expect.arrayContaining([...NOT_PLAYED]));
  expect(names.length).toBeGreaterThan(NOT_PLAYED.size);
});

/** What a trace says of the sidecar: the status of the upgrade, its messages, its close code. */
function answersOf(steps: readonly Step[]): unknown[] {
  return steps.flatMap(({ from, hex, status, close, by }) => {
    if (status !== undefined) return [status];
    if (from === "sidecar") return [essenceOf(decodeDown(Buffer.from(hex ?? "", "hex")))];
    return close !== undefined && by === "sidecar" ? [close] : [];
  });
}

/** Plays the client's part, each step once the sidecar has answered those before; its answers. */
async function play(sidecar: Sidecar, steps: readonly Step[]): Promise<unknown[]> {
  const { socket, status } = await upgrade(sidecar.url, steps[0]?.upgrade ?? {});
  if (status !== 101) return [status];
  const answers: unknown[] = [status];
  socket.on("message", (data) => {
    const message = decodeDown(data as Buffer);
    if (!isAboutLines(message)) answers.push(essenceOf(message));
  });
  const closed = once(socket, "close");
  for (const [index, step] of steps.entries()) {
    if (step.from === "client") socket.send(step.text ?? Buffer.from(step.hex ?? "", "hex"));
    if (step.from === "sidecar") {
      const due = answersOf(steps.slice(0, index + 1)).length;
      await vi.waitUntil(() => answers.length >= due, PATIENCE);
    }
    if (step.close !== undefined && step.by === "client") socket.close(step.close);
  }
  const [code] = (await closed) as [number];
  return steps.at(-1)?.by === "client" ? answers : [...answers, code];
}

/** Words for people, and what one run of a sidecar says of itself, may differ. */
function essenceOf(message: Down | UnknownMessage): unknown {
  if (message.kind !== "error") return message.kind;
  const { code, room, line, scene } = message;
  return { code, room, line, scene };
}

function isAboutLines({ kind }: Down | UnknownMessage): boolean {
  return ["ping", "lineBegin", "delta", "lineEnd"].includes(kind);
}

/** Connects with the trace's headers and no others. */
async function upgrade(
  url: string,
  headers: Readonly<Record<string, string>>,
): Promise<{ socket: WebSocket; status: number }> {
  const { "sec-websocket-protocol": subprotocol, ...others } = headers;
  const socket = new WebSocket(url, subprotocol ?? [], { headers: others });
  const status = await new Promise<number>((resolve) => {
    socket.once("open", () => resolve(101));
    socket.once("unexpected-response", (request, response) => {
      response.resume();
      request.destroy();
      resolve(response.statusCode ?? 0);
    });
    socket.on("error", () => {});
  });
  return { socket, status };
}
