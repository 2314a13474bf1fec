import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { freePort } from "../support/sidecar-process.ts";

const run = promisify(execFile);
const REPOSITORY = join(import.meta.dirname, "..", "..");
const PACKAGES = ["protocol", "sidecar", "plugin-colyseus", "embedded-ollama"];
const INSTALL_TIMEOUT_MS = 600_000;
const READY_WITHIN_MS = 90_000;

/** The versions that the repository itself pins. */
const PEERS = ["@colyseus/core", "@colyseus/schema", "@colyseus/sdk", "@colyseus/ws-transport"];

let folder: string;
const children: ChildProcess[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "banterwire-packed-"));
  await run("npx", ["tsc", "--build", ...PACKAGES], { cwd: REPOSITORY });
  const tarballs = await pack();
  await writeFile(join(folder, "package.json"), JSON.stringify(await project(tarballs)));
  await run("npm", ["install", "--no-audit", "--no-fund", "--loglevel=error"], { cwd: folder });
}, INSTALL_TIMEOUT_MS);

afterAll(async () => {
  for (const child of children) {
    const exited = child.exitCode === null ? once(child, "exit") : undefined;
    child.kill("SIGTERM");
    await exited;
  }
  await rm(folder, { recursive: true, force: true });
});

async function pack(): Promise<string[]> {
  const { stdout } = await run(
    "npm",
    [
      "pack",
      "--json",
      "--loglevel=error",
      `--pack-destination=${folder}`,
      ...PACKAGES.map((name) => `--workspace=${name}`),
    ],
    { cwd: REPOSITORY },
  );
  const packed = JSON.parse(stdout) as
    | Record<string, { filename: string }>
    | { filename: string }[];
  return Object.values(packed).map(({ filename }) => filename);
}

/** An ordinary project: the packed packages, Colyseus, and no GPU builds. */
async function project(tarballs: readonly string[]): Promise<object> {
  const { overrides } = await json(join(REPOSITORY, "package.json"));
  const { devDependencies } = await json(join(REPOSITORY, "plugin-colyseus", "package.json"));
  const pins = devDependencies as Record<string, string>;
  await mkdir(join(folder, "no-gpu-build"));
  await writeFile(
    join(folder, "no-gpu-build", "package.json"),
    JSON.stringify({ name: "no-gpu-build", version: "0.0.0" }),
  );
  const gpuBuilds = Object.keys(overrides as Record<string, string>);
  return {
    private: true,
    type: "module",
    dependencies: {
      ...Object.fromEntries(PEERS.map((name) => [name, pins[name]])),
      express: pins["express"],
      ...Object.fromEntries(tarballs.map((file) => [packageOf(file), `file:${file}`])),
    },
    overrides: Object.fromEntries(
      gpuBuilds.map((name) => [name, `file:${join(folder, "no-gpu-build")}`]),
    ),
  };
}

function packageOf(tarball: string): string {
  return tarball.replace(/^banterwire-(.+)-\d+\.\d+\.\d+\.tgz$/u, "@banterwire/$1");
}

async function json(path: string): Promise<Record<string, unknown>> {
  return JSON.parse(await readFile(path, "utf8")) as Record<string, unknown>;
}

/** The README's two examples, as they stand there but for the port. */
async function examples(port: number): Promise<{ server: string; browser: string }> {
  const readme = await readFile(join(REPOSITORY, "README.md"), "utf8");
  const [server = "", browser = ""] = [...readme.matchAll(/```ts\n(.*?)```/gsu)].map(
    ([, code = ""]) => code.replaceAll("2567", String(port)),
  );
  return { server, browser };
}

function start(args: readonly string[], env: NodeJS.ProcessEnv = {}): ChildProcess {
  const child = spawn(process.execPath, args, {
    cwd: folder,
    env: { ...process.env, ...env },
    stdio: ["ignore", "pipe", "inherit"],
  });
  children.push(child);
  return child;
}

/** Resolves with the first line of output that fits. */
function line(child: ChildProcess, fits: (line: string) => boolean): Promise<string> {
  return new Promise((resolve, reject) => {
    if (!child.stdout) return reject(new Error("no output"));
    createInterface(child.stdout).on("line", (text) => fits(text) && resolve(text));
    child.once("exit", (code) => reject(new Error(`ended with ${code}`)));
  });
}

async function untilAnswered(url: string, fits: (answer: Response) => boolean): Promise<void> {
  await vi.waitUntil(
    async () => {
      const answer = await fetch(url).catch(() => undefined);
      return answer !== undefined && fits(answer);
    },
    { timeout: READY_WITHIN_MS, interval: 50 },
  );
}

function isMira(said: string): boolean {
  return said.startsWith("mira: ");
}

test("installed from tarballs in an empty folder, the README's example talks with the model", async () => {
  const [gamePort, sidecarPort] = [await freePort(), await freePort()];
  const { server, browser } = await examples(gamePort);
  await writeFile(join(folder, "server.ts"), server);
  await writeFile(join(folder, "browser.ts"), browser);

  const command = join("node_modules", ".bin", "banterwire");
  // Nobody answers there: the embedded model serves, whatever runs on this machine.
  const silent = { OLLAMA_HOST: `127.0.0.1:${await freePort()}` };
  start([command, "serve", "--port", String(sidecarPort)], silent);
  await untilAnswered(`http://127.0.0.1:${sidecarPort}/readyz`, ({ ok }) => ok);
  start(["server.ts"], { BANTERWIRE_URL: `ws://127.0.0.1:${sidecarPort}` });
  await untilAnswered(`http://127.0.0.1:${gamePort}/`, () => true);
  const first = await line(start(["browser.ts"]), isMira);
  expect(first.length).toBeGreaterThan("mira: ".length);

  // The first words may be authored: the game had only just begun to connect. Not the next ones.
  const opens = async (): Promise<number> => {
    const answer = await fetch(`http://127.0.0.1:${sidecarPort}/status`);
    const { endpoints } = (await answer.json()) as { endpoints: [{ opens: number }] };
    return endpoints[0].opens;
  };
  // Two canaries and Mira's prefix.
  await vi.waitUntil(async () => (await opens()) >= 3, { timeout: READY_WITHIN_MS, interval: 50 });
  const before = await opens();
  await line(start(["browser.ts"]), isMira);
  expect(await opens()).toBeGreaterThan(before);
}, 300_000);
