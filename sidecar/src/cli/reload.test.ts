import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Client, createClient, type Room } from "@banterwire/protocol/client";
import { FakeClock } from "@banterwire/protocol/testing";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { BanterwireProcess } from "../testing/banterwire-process.ts";
import { saying, type ScriptedOllama, startScriptedOllama } from "../testing/index.ts";

/** Each test starts a process or two, on machines of any speed. */
vi.setConfig({ testTimeout: 120_000 });

let folder: string;
/** The engine's: its lines stand still unless a test moves them on. */
let engineClock: FakeClock;
let ollama: ScriptedOllama;
let sidecar: BanterwireProcess;
const clients: Client[] = [];

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "banterwire-"));
  engineClock = new FakeClock();
  ollama = await startScriptedOllama({ clock: engineClock });
});

afterEach(async () => {
  for (const client of clients.splice(0)) client.close();
  await sidecar.stop();
  await ollama.close();
  rmSync(folder, { recursive: true });
});

/** As most editors do: another file, put in the place of the first. */
function save(name: string, text: string): void {
  const path = join(folder, name);
  writeFileSync(`${path}.new`, text);
  renameSync(`${path}.new`, path);
}

function configure(settings: object): void {
  save("b.json", JSON.stringify({ ollama: [ollama.origin], ...settings }));
}

function serve(args: readonly string[] = []): void {
  sidecar = BanterwireProcess.serve(["--config", join(folder, "b.json"), ...args]);
}

function soon(expectation: () => void | Promise<void>): Promise<void> {
  return vi.waitFor(expectation, { timeout: 30_000, interval: 10 });
}

async function connected(token?: string, path?: string): Promise<Client> {
  const url = path === undefined ? await sidecar.url() : `ws+unix:${path}`;
  const client = createClient(token === undefined ? { url } : { url, token });
  clients.push(client);
  await soon(() => expect(client.state.name).toBe("open"));
  return client;
}

async function endpoint(): Promise<Record<string, unknown>> {
  const url = (await sidecar.url()).replace("ws:", "http:");
  const status = (await (await fetch(`${url}/status`)).json()) as { endpoints: [object] };
  return { ...status.endpoints[0] };
}

function warm(): Promise<void> {
  return soon(async () => expect((await endpoint())["state"]).toBe("warm"));
}

function tavern(client: Client): Room {
  const room = client.openRoom({ worldKey: "tavern" });
  room.register({ id: "mira", name: "Mira", persona: "You are Mira.", fallbacks: ["One moment."] });
  return room;
}

const TOKEN_MS = 100;
const CUE = { said: "Hello!", ttftBudgetMs: 10_000 };

describe("a changed file", () => {
  test("is taken over without a signal: budget and limits for new connections, cards at once", async () => {
    mkdirSync(join(folder, "cards"));
    configure({ cards: "cards" });
    serve();
    await warm();
    const before = await connected();
    const room = tavern(before);
    expect(before.state).toMatchObject({ welcome: { ttftBudgetMs: 200, maxRooms: 1_024 } });
    configure({ cards: "cards", budgetMs: 321, maxRooms: 7 });
    expect(await sidecar.logged("configuration reloaded")).toMatchObject({
      changed: ["ttftBudgetMs", "maxRooms"],
    });
    expect((await connected()).state).toMatchObject({
      welcome: { ttftBudgetMs: 321, maxRooms: 7 },
    });
    const card = { id: "mira", name: "Mira", persona: "You are grim.", fallbacks: ["Grimly."] };
    save("cards/mira.json", JSON.stringify(card));
    expect(await sidecar.logged("configuration reloaded", 2)).toMatchObject({ changed: ["cards"] });
    await room.say("mira", CUE).ended;
    expect(JSON.stringify(ollama.books.received.at(-1)?.body)).toContain("You are grim.");
    expect(before.state.name).toBe("open");
  });

  test("that is bad changes nothing and says why; once it is mended all of it is taken", async () => {
    configure({});
    serve();
    await warm();
    configure({ budgetMs: 321, slots: 0, prot: 1 });
    const refusal = await sidecar.logged("configuration not reloaded");
    expect(refusal.msg).toContain("slots is '0'");
    expect(refusal.msg).toContain("no setting has this name; the nearest is 'port'");
    expect((await connected()).state).toMatchObject({ welcome: { ttftBudgetMs: 200 } });
    expect(await endpoint()).toMatchObject({ slots: 1, state: "warm" });
    configure({ budgetMs: 321, slots: 3 });
    await sidecar.logged("configuration reloaded");
    expect((await connected()).state).toMatchObject({ welcome: { ttftBudgetMs: 321 } });
    expect(await endpoint()).toMatchObject({ slots: 3, state: "warm" });
    expect(ollama.books.loads).toBe(1);
  });
});

describe("SIGHUP", () => {
  test("reads all again, the token too, and warns of what needs a restart", async () => {
    const tokenFile = join(folder, "..", `${folder.split("/").at(-1)}.token`);
    try {
      writeFileSync(tokenFile, "first\n", { mode: 0o600 });
      configure({ tokenFile });
      serve();
      const url = await sidecar.url();
      const before = await connected("first");
      writeFileSync(tokenFile, "second\n");
      chmodSync(tokenFile, 0o644);
      configure({ tokenFile, host: "127.0.0.2", logLevel: "warn" });
      sidecar.child.kill("SIGHUP");
      await sidecar.logged("Every user of this machine can read");
      expect(await sidecar.logged("a restart is due")).toMatchObject({ settings: ["host"] });
      await connected("second");
      const late = createClient({ url, token: "first" });
      clients.push(late);
      await soon(() => expect(late.state).toMatchObject({ name: "waiting", why: /401/u }));
      expect(before.state.name).toBe("open");
    } finally {
      rmSync(tokenFile);
    }
  });

  test("is answered in the log also where nothing has changed", async () => {
    configure({});
    serve();
    await warm();
    sidecar.child.kill("SIGHUP");
    const answer = await sidecar.logged("configuration read again");
    expect(answer.msg).toContain("nothing has changed");
  });
});

describe("another Ollama", () => {
  test("takes over while a line streams, which goes on to its end at the first", async () => {
    const other = await startScriptedOllama({ answerWith: saying("From the other one.") });
    configure({});
    serve();
    await warm();
    const room = tavern(await connected());
    // Eighteen seconds of it: less than a line may take, and more than any machine takes to switch.
    const words = Array.from({ length: 180 }, () => "la").join(" ");
    ollama.answerWith(saying(words, TOKEN_MS));
    const singing = setInterval(() => engineClock.advance(TOKEN_MS), TOKEN_MS);
    const streaming = room.say("mira", CUE);
    await soon(() => expect(streaming.text).not.toBe(""));
    configure({ ollama: [other.origin] });
    await sidecar.logged("another endpoint is brought up");
    await soon(async () => expect(await endpoint()).toMatchObject({ url: other.origin }));
    const next = room.say("mira", CUE);
    expect(await next.ended).toMatchObject({ source: "model", text: "From the other one." });
    expect(streaming.state.name).toBe("speaking");
    clearInterval(singing);
    await soon(() => {
      engineClock.advance(TOKEN_MS);
      expect(streaming.state.name).toBe("ended");
    });
    expect(await streaming.ended).toMatchObject({
      source: "model",
      reason: "complete",
      text: words,
    });
    await soon(() => expect(ollama.books.sockets).toBe(0));
    expect(ollama.books).toMatchObject({ inFlight: 0, cancelled: 0, queued: 0 });
    const prefixes = other.books.received.filter(({ body }) =>
      JSON.stringify(body ?? {}).includes("You are Mira."),
    );
    expect(prefixes.length).toBeGreaterThan(1);
    await soon(() => {
      const goodbye = ollama.books.received.findLast(({ path }) => path === "/api/generate");
      expect(goodbye?.body).not.toHaveProperty("keep_alive");
    });
    await sidecar.stop();
    await other.close();
  });

  test("that is not there leaves the first one serving", async () => {
    configure({});
    serve();
    await warm();
    configure({ ollama: ["http://127.0.0.1:1"] });
    await sidecar.logged("configuration reloaded");
    await sidecar.logged("endpoint down");
    expect(await endpoint()).toMatchObject({ url: ollama.origin, state: "warm" });
    const room = tavern(await connected());
    expect(await room.say("mira", CUE).ended).toMatchObject({ source: "model" });
  });

  test("is called off when the file is as it was", async () => {
    configure({});
    serve();
    await warm();
    configure({ ollama: ["http://127.0.0.1:1"] });
    await sidecar.logged("configuration reloaded");
    configure({});
    await sidecar.logged("configuration reloaded", 2);
    expect(await endpoint()).toMatchObject({ url: ollama.origin, state: "warm" });
    expect(ollama.books.loads).toBe(1);
  });
});

function getOverSocket(path: string): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    request({ socketPath: path, path: "/healthz" }, (response) => {
      response.resume();
      resolve(response.statusCode);
    })
      .on("error", reject)
      .end();
  });
}

describe("a unix socket", () => {
  test("carries lines and pages for its owner alone, and goes with the sidecar", async () => {
    const path = join(folder, "b.sock");
    configure({ socket: "b.sock" });
    serve();
    expect(await sidecar.url()).toBe(`ws+unix:${path}`);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    await sidecar.logged("endpoint warm");
    const room = tavern(await connected(undefined, path));
    expect(await room.say("mira", CUE).ended).toMatchObject({ source: "model" });
    expect(await getOverSocket(path)).toBe(200);
    await sidecar.stop();
    expect(existsSync(path)).toBe(false);
  });

  test("that a killed sidecar left behind is taken over; one that lives is not", async () => {
    const path = join(folder, "b.sock");
    configure({ socket: "b.sock" });
    serve();
    await sidecar.url();
    await sidecar.stop("SIGKILL");
    expect(existsSync(path)).toBe(true);
    serve();
    await sidecar.url();
    await connected(undefined, path);
    const late = BanterwireProcess.serve(["--socket", path, "--ollama", ollama.origin]);
    expect(await late.exitCode()).toBe(3);
    expect(late.stderr).toContain(path);
    expect(await getOverSocket(path)).toBe(200);
  });
});
