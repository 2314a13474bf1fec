import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { connectSidecar } from "@banterwire/colyseus";
import {
  MOODS,
  saying,
  type ScriptedOllama,
  startScriptedOllama,
} from "@banterwire/sidecar/testing";
import { afterAll, afterEach, beforeAll, expect, test, vi } from "vitest";
import { freePort, type SidecarProcess, startSidecarProcess } from "../support/sidecar-process.ts";
import { CLOSER, FALLBACK, startCrowd } from "./crowd.ts";

/** Of each kind: lines that have begun to speak, and lines that wait for their first word. */
const HALF = 100;
/** What lines that wait for their first word have, when the sidecar is killed. */
const WAITING_MS = 8_000;
/** The longest budget there is: the game that has asked is killed before. */
const PATIENT_MS = 60_000;
/** Within a second on an idle machine; how late a busy one is says nothing of us. */
const SOON_MS = 60_000;
const TALK = saying("word ".repeat(60), 300);
const FLAGS = ["--slots=256", "--max-lines-per-room=256", "--max-cues-per-second-per-room=1000"];

let ollama: ScriptedOllama;
let port: number;
let sidecar: SidecarProcess;
const crowds: ChildProcess[] = [];

beforeAll(async () => {
  vi.spyOn(console, "info").mockImplementation(() => {});
  ollama = await startScriptedOllama({
    slots: 256,
    answerWith: ({ messages }) => {
      const prompt = JSON.stringify(messages);
      if (prompt.includes("talk")) return TALK;
      return prompt.includes("mute") ? MOODS.blackHole : saying("Well met.");
    },
  });
  port = await freePort();
  sidecar = startSidecarProcess(port, ["--ollama", ollama.origin, ...FLAGS]);
  await sidecar.warm();
});

afterEach(() => {
  for (const crowd of crowds.splice(0)) crowd.kill("SIGKILL");
});

afterAll(async () => {
  await sidecar.stop();
  await ollama.close();
});

function eventually(what: () => boolean | Promise<boolean>): Promise<unknown> {
  return vi.waitUntil(what, { timeout: SOON_MS, interval: 20 });
}

/** By the sidecar's own books and by its Ollama's. */
async function openThings(): Promise<Record<string, number>> {
  const { connections, rooms, lines, endpoints } = await sidecar.status();
  const { inFlight, waiting, zombies, opens, closes } = endpoints[0];
  const unbalanced = opens - closes;
  const upstream = ollama.books.inFlight;
  return { connections, rooms, lines, inFlight, waiting, zombies, unbalanced, upstream };
}

async function expectNothingOpen(): Promise<void> {
  await eventually(async () => Object.values(await openThings()).every((count) => count === 0));
}

test("kill -9 of the sidecar under 200 open lines: each ends once, and the next sidecar serves the room", async ({
  annotate,
}) => {
  const url = `ws://127.0.0.1:${port}`;
  const crowd = await startCrowd(url);
  const client = connectSidecar({ url });
  try {
    await eventually(() => client.state.name === "open");
    const talking = crowd.ask(HALF, "talk", PATIENT_MS);
    await eventually(() => talking.every(({ line }) => line.text !== ""));
    const mute = crowd.ask(HALF, "mute", WAITING_MS);
    await eventually(async () => (await openThings())["lines"] === 2 * HALF);
    expect(mute.map(({ ends }) => ends.length)).toEqual(mute.map(() => 0));
    expect(client.openLines).toBe(2 * HALF);
    await sidecar.stop("SIGKILL");

    await eventually(() => client.openLines === 0);
    for (const { line, ends } of talking) {
      expect(ends.map(({ source, reason }) => [source, reason])).toEqual([["model", "truncated"]]);
      expect(line.text.endsWith(CLOSER)).toBe(true);
    }
    for (const { line, ends } of mute) {
      expect(ends.map(({ source }) => source)).toEqual(["fallback"]);
      expect(line.text).toBe(FALLBACK);
    }

    sidecar = startSidecarProcess(port, ["--ollama", ollama.origin, ...FLAGS]);
    await eventually(() =>
      sidecar.status().then(
        () => true,
        () => false,
      ),
    );
    const listeningMs = performance.now();
    await eventually(() => client.state.name === "open");
    const backMs = Math.round(performance.now() - listeningMs);
    await annotate(`the client was back ${backMs} ms after the sidecar listened`);
    await sidecar.warm();
    const [again] = crowd.ask(1, "a player enters", PATIENT_MS);
    expect(await again?.line.ended).toMatchObject({ source: "model", text: "Well met." });
    expect(talking.concat(mute).every(({ ends }) => ends.length === 1)).toBe(true);
  } finally {
    await crowd.game.stop();
    client.close();
  }
  await expectNothingOpen();
}, 240_000);

test("kill -9 of the game under 200 open lines: the sidecar's books return to zero, and the next game is served", async () => {
  const crowd = await startCrowdProcess();
  order(crowd, HALF, "talk");
  order(crowd, HALF, "mute");
  await eventually(async () => (await openThings())["lines"] === 2 * HALF);
  expect((await openThings())["rooms"]).toBe(1);
  const exited = once(crowd, "exit");
  crowd.kill("SIGKILL");
  await exited;
  await expectNothingOpen();

  const next = await startCrowdProcess();
  const answered = once(next, "message");
  order(next, 1, "a player enters");
  expect((await answered)[0]).toEqual({ source: "model", reason: "complete" });
}, 240_000);

async function startCrowdProcess(): Promise<ChildProcess> {
  const child = fork(join(import.meta.dirname, "crowd-process.ts"), [`ws://127.0.0.1:${port}`], {
    execArgv: ["--conditions=@banterwire/source"],
  });
  crowds.push(child);
  // A failed send is followed by `exit`, which the test waits for.
  child.on("error", () => {});
  await once(child, "message");
  // Its cues are to find the sidecar.
  await eventually(async () => (await openThings())["connections"] === 1);
  return child;
}

function order(crowd: ChildProcess, count: number, event: string): void {
  crowd.send({ count, event, ttftBudgetMs: PATIENT_MS });
}
