import { execFile, execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { createLog, DEFAULT_CONFIG, startSidecar } from "@banterwire/sidecar";
import { saying, startScriptedOllama } from "@banterwire/sidecar/testing";
import { afterAll, expect, it, vi } from "vitest";
import { PATIENCE } from "../support/patience.ts";

const run = promisify(execFile);
const FOLDER = join(import.meta.dirname, "python");
const STORY_TEXT = "Once upon a time there was a barrel that nobody could empty.";
const STORY = saying(STORY_TEXT, 200);
const ANSWER = saying("Stout 🍺, and what the cat left.");
const TOKEN = "conformance";

const folders: string[] = [];

afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true });
});

/** A Python that has what the client imports; in CI one is made, elsewhere undefined may come. */
function findPython(): string | undefined {
  const named = process.env["BANTERWIRE_PYTHON"];
  const found = [named, "python3"].find((python) => python !== undefined && hasPackages(python));
  if (found !== undefined || process.env["CI"] === undefined) return found;
  const folder = mkdtempSync(join(tmpdir(), "banterwire-python-"));
  folders.push(folder);
  execFileSync("python3", ["-m", "venv", folder]);
  const python = join(folder, "bin", "python");
  const requirements = join(FOLDER, "requirements.txt");
  execFileSync(python, ["-m", "pip", "install", "--quiet", "--requirement", requirements]);
  return python;
}

function hasPackages(python: string): boolean {
  try {
    execFileSync(python, ["-c", "import msgpack, websockets.sync.client"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

const python = findPython();
const skipped = "skipped: no Python with msgpack and websockets (BANTERWIRE_PYTHON names one)";

it.skipIf(python === undefined)(
  `a client in Python, written from SPEC.md alone, plays whole conversations${python ? "" : ` (${skipped})`}`,
  { timeout: 180_000 },
  async () => {
    const ollama = await startScriptedOllama({
      slots: 2,
      answerWith: ({ messages }) =>
        JSON.stringify(messages).includes("long story") ? STORY : ANSWER,
    });
    const config = { ...DEFAULT_CONFIG, port: 0, ollama: [ollama.origin], slots: 2, token: TOKEN };
    const sidecar = await startSidecar(config, createLog("silent"));
    try {
      await vi.waitUntil(() => sidecar.status().endpoints[0].state === "warm", PATIENCE);
      const client = join(FOLDER, "client.py");
      const { stdout } = await run(python ?? "", [client, sidecar.url, TOKEN]);
      expect(stdout).toBe(
        "mira (model, complete): Stout 🍺, and what the cat left.\n" +
          `resumed (model, complete): ${STORY_TEXT}\n`,
      );
    } finally {
      await sidecar.close();
      await ollama.close();
    }
  },
);
