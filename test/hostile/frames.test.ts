import { CODES, codeEntry, type Code } from "@banterwire/protocol";
import { fuzzDecoders } from "@banterwire/protocol/testing";
import { createLog, DEFAULT_CONFIG, type Sidecar, startSidecar } from "@banterwire/sidecar";
import {
  fuzzSidecar,
  saying,
  type ScriptedOllama,
  startScriptedOllama,
} from "@banterwire/sidecar/testing";
import { afterAll, beforeAll, expect, test, vi } from "vitest";

/** To replay a failure: `HOSTILE_SEED=N npx vitest run test/hostile/frames.test.ts`. */
const SEED = Number(process.env["HOSTILE_SEED"] ?? 20_261_121);
const DECODED = 20_000;
const SENT = 2_000;
/** Ends what hangs; a busy machine has time. */
const SOON_MS = 60_000;
const TEST_MS = 180_000;

let ollama: ScriptedOllama;
let sidecar: Sidecar;

beforeAll(async () => {
  ollama = await startScriptedOllama({ answerWith: saying("Mind the step.") });
  const config = { ...DEFAULT_CONFIG, port: 0, ollama: [ollama.origin] };
  sidecar = await startSidecar(config, createLog("silent"));
  await vi.waitUntil(() => sidecar.status().endpoints[0].state === "warm", { timeout: SOON_MS });
}, TEST_MS);

afterAll(async () => {
  await sidecar.close();
  await ollama.close();
});

test(
  `hostile frames are taken or refused with a code by both decoders (seed ${SEED})`,
  () => {
    const tally = fuzzDecoders(SEED, DECODED);
    expect(Object.values(tally).reduce((sum, count) => sum + count)).toBe(2 * DECODED);
    // That the frames are hostile in each way that bytes can be.
    const hoped = [
      "taken",
      "unknown",
      "malformed",
      "forbidden_type",
      "too_deep",
      "too_many_elements",
      "bad_utf8",
      "bad_map",
      "integer_out_of_range",
      "bad_field",
      "frame_too_large",
    ];
    expect(hoped.filter((outcome) => tally[outcome] === undefined)).toEqual([]);
  },
  TEST_MS,
);

test(
  `hostile frames end no more than their own connection, and leave nothing behind (seed ${SEED})`,
  async () => {
    const told = { port: sidecar.port, seed: SEED, frames: SENT, connections: 8 };
    const { closes, resumed } = await fuzzSidecar(told);
    expect(resumed).toBeGreaterThan(0);
    const known = (Object.keys(CODES) as Code[])
      .filter((code) => code !== "internal")
      .map((code) => codeEntry(code).closeCode);
    for (const code of Object.keys(closes)) expect(known).toContain(Number(code));
    const isGone = (): boolean => sidecar.status().connections + sidecar.status().detached === 0;
    await vi.waitUntil(isGone, { timeout: SOON_MS });
    await vi.waitUntil(() => sidecar.status().endpoints[0].inFlight === 0, { timeout: SOON_MS });
    const { rooms, lines, endpoints } = sidecar.status();
    const [endpoint] = endpoints;
    expect({ rooms, lines, waiting: endpoint.waiting }).toEqual({ rooms: 0, lines: 0, waiting: 0 });
    expect(endpoint.closes).toBe(endpoint.opens);
  },
  TEST_MS,
);
