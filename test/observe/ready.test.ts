import { createLog, DEFAULT_CONFIG, type Sidecar, startSidecar } from "@banterwire/sidecar";
import { type ScriptedOllama, startScriptedOllama } from "@banterwire/sidecar/testing";
import { afterEach, expect, test } from "vitest";
import { freePort } from "../support/sidecar-process.ts";

let sidecar: Sidecar | undefined;
let ollama: ScriptedOllama | undefined;

afterEach(async () => {
  await sidecar?.close();
  await ollama?.close();
});

async function page(path: string): Promise<{ status: number; body: unknown }> {
  const response = await fetch(`http://127.0.0.1:${sidecar?.port}${path}`);
  return { status: response.status, body: await response.json() };
}

test("a sidecar without its Ollama is alive and not ready, says why, and is ready once warm", async () => {
  const port = await freePort();
  const config = { ...DEFAULT_CONFIG, port: 0, ollama: [`http://127.0.0.1:${port}`] };
  sidecar = await startSidecar(config, createLog("silent"));
  await expect.poll(() => sidecar?.status().endpoints[0].state).toBe("down");
  expect(await page("/healthz")).toEqual({ status: 200, body: { alive: true } });
  expect(await page("/readyz")).toMatchObject({
    status: 503,
    body: { ready: false, state: "down", trouble: { code: "ollama_silent" } },
  });
  ollama = await startScriptedOllama({ port });
  await expect.poll(async () => (await page("/readyz")).status).toBe(200);
  expect(await page("/readyz")).toMatchObject({ body: { ready: true, trouble: null } });
});

test("both hit rates are null while there are no cues", async () => {
  const config = { ...DEFAULT_CONFIG, port: 0, ollama: ["http://127.0.0.1:1"] };
  sidecar = await startSidecar(config, createLog("silent"));
  const { hitRates } = sidecar.status();
  const none = { cues: 0, modelHitRate: null, anyHitRate: null };
  expect(hitRates).toMatchObject({ sinceStart: none, lastMinute: none });
});

test("without metrics there is no page of them", async () => {
  const config = { ...DEFAULT_CONFIG, port: 0, ollama: ["http://127.0.0.1:1"] };
  sidecar = await startSidecar(config, createLog("silent"), undefined, { metrics: false });
  expect((await page("/metrics")).status).toBe(404);
});
