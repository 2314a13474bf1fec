import { FakeClock } from "@banterwire/protocol/testing";
import { pino } from "pino";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { DEFAULT_CONFIG, type EndpointConfig } from "../config.ts";
import { unobserved } from "../happening.ts";
import { MISSES_TO_LET_GO } from "../policy/name-addresses.ts";
import { type ScriptedOllama, startScriptedOllama } from "../testing/index.ts";
import { startTlsProxy, TEST_CERTIFICATE } from "../testing/tls-proxy.ts";
import { Engine } from "./engine.ts";
import { type Lookup, LOOKUP_INTERVAL_MS } from "./name-watch.ts";

const [FIRST, SECOND] = ["127.0.0.1", "127.0.0.2"];
/** A name that nobody has. */
const NAME = "ollama.invalid";
const ANYTHING = { serves: ["reply", "nearby", "ambient"], characters: [] } as const;

let clock: FakeClock;
let first: ScriptedOllama;
let second: ScriptedOllama;
let engine: Engine | undefined;
let logged: string[];
/** What the name stands for; an error where nobody can tell. */
let answer: readonly string[] | Error;
let lookups: number;

const lookup: Lookup = () => {
  lookups++;
  return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer);
};

beforeEach(async () => {
  clock = new FakeClock();
  first = await startScriptedOllama({ clock, host: FIRST });
  // The other address of the same name, so the same port.
  second = await startScriptedOllama({ clock, host: SECOND, port: first.port });
  [logged, lookups, answer, engine] = [[], 0, [FIRST, SECOND], undefined];
});

afterEach(async () => {
  await engine?.close();
  await Promise.all([first.close(), second.close()]);
});

async function start(told: Partial<EndpointConfig> = {}, find = lookup): Promise<Engine> {
  const log = pino({ level: "info" }, { write: (line: string) => void logged.push(line) });
  const parts = { log, clock, observe: unobserved, lookup: find };
  const url = `http://${NAME}:${first.port}`;
  const endpoints = [{ url, resolve: "all", ...ANYTHING, ...told } as const];
  engine = await Engine.choose({ ...DEFAULT_CONFIG, endpoints }, parts);
  engine.upstream.start();
  return engine;
}

/** Moves time on, 50 ms at a step, until the expectation holds. */
function until(expectation: () => void): Promise<void> {
  const step = (): void => {
    clock.advance(50);
    expectation();
  };
  return vi.waitFor(step, { timeout: 60_000, interval: 2 });
}

/** So many more answers have come. */
async function lookedUp(times: number): Promise<void> {
  const from = lookups;
  await until(() => expect(lookups).toBeGreaterThan(from + times));
}

function states(of: Engine): (string | null)[][] {
  return of.status.map(({ name, address, state }) => [name, address, state]);
}

function logLines(message: string): string[] {
  return logged.filter((line) => line.includes(message));
}

describe("a name that stands for several addresses", () => {
  test("is an endpoint for each, under its own name", async () => {
    const running = await start();
    await until(() =>
      expect(states(running)).toEqual([
        ["ollama", FIRST, "warm"],
        ["ollama-2", SECOND, "warm"],
      ]),
    );
    expect(running.status.map(({ url }) => url)).toEqual([
      `http://${NAME}:${first.port}`,
      `http://${NAME}:${first.port}`,
    ]);
    expect([first.books.loads, second.books.loads]).toEqual([1, 1]);
  });

  test("that gets one more gets an endpoint more, and those that serve are left alone", async () => {
    answer = [SECOND];
    const running = await start();
    await until(() => expect(states(running)).toEqual([["ollama", SECOND, "warm"]]));
    answer = [FIRST, SECOND];
    await until(() =>
      expect(states(running)).toEqual([
        ["ollama", SECOND, "warm"],
        ["ollama-2", FIRST, "warm"],
      ]),
    );
    expect([first.books.loads, second.books.loads]).toEqual([1, 1]);
  });

  test("that loses one lets its endpoint go after some answers, and the other keeps its name", async () => {
    const running = await start();
    await until(() =>
      expect(states(running).map(([, , state]) => state)).toEqual(["warm", "warm"]),
    );
    answer = [SECOND];
    await lookedUp(1);
    expect(running.status).toHaveLength(2);
    await lookedUp(MISSES_TO_LET_GO);
    await until(() => expect(states(running)).toEqual([["ollama-2", SECOND, "warm"]]));
    await until(() => expect(first.books.sockets).toBe(0));
    expect(second.books.loads).toBe(1);
  });

  test.each([
    ["cannot be looked up", new Error("getaddrinfo EAI_AGAIN")],
    ["has no address for a while", []],
  ])("keeps all of its endpoints while it %s", async (_what, nothing) => {
    const running = await start();
    await until(() => expect(running.upstream.unavailable).toBeUndefined());
    answer = nothing;
    await lookedUp(3 * MISSES_TO_LET_GO);
    expect(running.status.map(({ address }) => address)).toEqual([FIRST, SECOND]);
    const told = logLines("cannot be looked up");
    expect(told).toHaveLength(nothing instanceof Error ? 1 : 0);
  });

  test("is looked up no more once a reload has taken it away, nor after the end", async () => {
    const running = await start();
    await running.reconfigure({ ...DEFAULT_CONFIG, ollama: [first.origin] });
    const from = lookups;
    await until(() => expect(running.status).toMatchObject([{ url: first.origin, state: "warm" }]));
    clock.advance(2 * LOOKUP_INTERVAL_MS);
    expect(lookups).toBe(from);
    await start();
    const again = lookups;
    await Promise.all([running.close(), engine?.close()]);
    clock.advance(2 * LOOKUP_INTERVAL_MS);
    expect(lookups).toBe(again);
  });

  test("has no more endpoints than there may be beside the others, which is told once", async () => {
    answer = Array.from({ length: 40 }, (_, at) => `127.0.1.${at + 100}`);
    const running = await start();
    await lookedUp(3);
    expect(running.status).toHaveLength(16);
    expect(logLines("more addresses than there may be endpoints")).toHaveLength(1);
  });
});

describe("a name that stands for nothing at the start", () => {
  test("is one endpoint that is down, until it stands for something", async () => {
    answer = new Error("getaddrinfo ENOTFOUND");
    const running = await start();
    expect(running.status).toMatchObject([{ name: "ollama", address: null }]);
    answer = [SECOND];
    await until(() => expect(states(running)).toEqual([["ollama", SECOND, "warm"]]));
  });

  test("holds the start up no longer than its time", async () => {
    const starting = start({}, () => new Promise(() => {}));
    await until(() => expect(engine).toBeDefined());
    expect((await starting).status).toMatchObject([{ name: "ollama", address: null }]);
  });
});

test("behind a proxy with TLS, the certificate and the Host header are the name's, wherever it is", async () => {
  const proxy = await startTlsProxy(first.origin, "Bearer open-sesame");
  const { port } = new URL(proxy.origin);
  answer = [FIRST];
  const url = `https://localhost:${port}`;
  const credentials = { authorization: "Bearer open-sesame", ca: TEST_CERTIFICATE };
  const running = await start({ url, ...credentials });
  await until(() => expect(states(running)).toEqual([["ollama", FIRST, "warm"]]));
  expect(proxy.names).toEqual(new Set([`localhost localhost:${port}`]));
  await running.close();
  await proxy.close();
});
