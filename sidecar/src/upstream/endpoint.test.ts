import { FakeClock } from "@banterwire/protocol/testing";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { Options } from "../config/model-options.ts";
import { type Happening, unobserved } from "../happening.ts";
import {
  MOODS,
  refusing,
  type Reply,
  saying,
  type ScriptedOllama,
  type ScriptedOllamaOptions,
  startScriptedOllama,
} from "../testing/index.ts";
import { UNHURRIED } from "../testing/unhurried.ts";
import { Endpoint, type EndpointOptions } from "./endpoint.ts";
import { type Failure, type Generation, TOO_LATE } from "./upstream.ts";

const SMALL = { name: "small:1b", sizeBytes: 1_000 };
const LARGE = { name: "large:8b", sizeBytes: 9_000 };

let clock: FakeClock;
let ollama: ScriptedOllama;
let endpoint: Endpoint;

beforeEach(() => {
  clock = new FakeClock();
});

afterEach(async () => {
  await endpoint.close();
  await ollama.close();
});

async function open(
  ollamaOptions: ScriptedOllamaOptions = {},
  options: Partial<EndpointOptions> = {},
): Promise<void> {
  ollama = await startScriptedOllama(ollamaOptions);
  endpoint = newEndpoint(options);
  endpoint.start();
}

function newEndpoint(options: Partial<EndpointOptions> = {}): Endpoint {
  return new Endpoint({
    promptStyle: "bare",
    locate: () => Promise.resolve(ollama.origin),
    wantedModel: undefined,
    slots: 1,
    maxWaiting: 4,
    zombieHoldMs: 1_000,
    hasHostCache: true,
    clock,
    observe: unobserved,
    ...options,
  });
}

async function openWarm(...options: Parameters<typeof open>): Promise<void> {
  await open(...options);
  await until(() => expect(endpoint.status.state).toBe("warm"));
}

/** Moves time on until the expectation holds: retries and watches are on the clock. */
function until(expectation: () => void): Promise<void> {
  return vi.waitFor(
    () => {
      clock.advance(50);
      expectation();
    },
    { timeout: 30_000, interval: 2 },
  );
}

/** With time standing still. */
function soon(expectation: () => void): Promise<void> {
  return vi.waitFor(expectation, { timeout: 30_000, interval: 2 });
}

/** Asks for one generation, as a line does. */
function ask(content = "Hello there.", deadlineMs = Infinity, options?: Options) {
  const giveUp = new AbortController();
  const seen = {
    granted: false,
    refused: false,
    text: "",
    done: [] as Generation[],
    failed: [] as Failure[],
  };
  endpoint.request({
    request: { messages: [{ role: "user", content }], maxTokens: 8, options },
    ...UNHURRIED,
    deadlineMs,
    signal: giveUp.signal,
    granted: () => (seen.granted = true),
    refused: () => (seen.refused = true),
    events: {
      sent: () => {},
      text: (piece) => (seen.text += piece),
      done: (generation) => seen.done.push(generation),
      failed: (failure) => seen.failed.push(failure),
    },
  });
  return { seen, giveUp };
}

function suspect(): void {
  ask().giveUp.abort(TOO_LATE);
}

/** Gives up one generation without a chunk, as a line does at its deadline. */
async function miss(): Promise<void> {
  const { giveUp } = ask();
  await soon(() => expect(ollama.books.inFlight).toBe(1));
  giveUp.abort(TOO_LATE);
  await soon(() => expect(ollama.books.inFlight).toBe(0));
}

/** With an engine that was found wedged; returns what the operator was told. */
async function openWedged(): Promise<Happening[]> {
  const happenings: Happening[] = [];
  await openWarm({}, { observe: (happening) => happenings.push(happening) });
  ollama.answerWith(MOODS.blackHole);
  await miss();
  await until(() => expect(endpoint.status.trouble).toMatchObject({ code: "wedged" }));
  return happenings;
}

function bodies(path: string): (Readonly<Record<string, unknown>> | undefined)[] {
  return ollama.books.received.filter((one) => one.path === path).map(({ body }) => body);
}

/** How often the prompt was sent. */
function timesSent(content: string): number {
  return bodies("/api/chat").filter((body) => JSON.stringify(body).includes(content)).length;
}

function unloads(): number {
  return bodies("/api/generate").filter((body) => body?.["keep_alive"] === 0).length;
}

async function resident(): Promise<Record<string, unknown> | undefined> {
  const answer = await fetch(`${ollama.origin}/api/ps`);
  const { models } = (await answer.json()) as { models: Record<string, unknown>[] };
  return models[0];
}

/** What another client of the same Ollama does. */
async function byAnother(body: object): Promise<void> {
  const init = { method: "POST", body: JSON.stringify(body) };
  await (await fetch(`${ollama.origin}/api/generate`, init)).text();
}

describe("the model", () => {
  test("is the smallest installed one that can chat here", async () => {
    await openWarm({
      models: [
        LARGE,
        { name: "embed", sizeBytes: 1, capabilities: ["embedding"] },
        { name: "cloud", sizeBytes: 2, remoteHost: "https://ollama.com:443" },
        SMALL,
      ],
    });
    expect(endpoint.status).toMatchObject({ model: SMALL.name, trouble: null });
  });

  test("that was named is the one, with or without its tag", async () => {
    const models = [SMALL, { name: "big:latest", sizeBytes: 9_000 }];
    await openWarm({ models }, { wantedModel: "big" });
    expect(endpoint.status.model).toBe("big:latest");
  });

  test("that was named and is missing is asked for, and serves by itself once it is installed", async () => {
    await open({ models: [SMALL] }, { wantedModel: LARGE.name });
    await until(() => expect(endpoint.status.state).toBe("down"));
    expect(endpoint.status.trouble).toMatchObject({
      code: "model_missing",
      message: expect.stringContaining("large:8b"),
      remedy: expect.stringContaining("ollama pull large:8b"),
    });
    ollama.install(LARGE);
    await until(() => expect(endpoint.status).toMatchObject({ state: "warm", model: "large:8b" }));
  });

  test("is asked for where there is none that can chat", async () => {
    await open({ models: [{ name: "embed", capabilities: ["embedding"] }] });
    await until(() => expect(endpoint.status.trouble?.code).toBe("no_chat_model"));
  });

  test("that cannot be loaded is said to be so, and serves once it can", async () => {
    await open();
    ollama.answerPathWith("/api/generate", refusing(500, "model requires more system memory"));
    await until(() => expect(endpoint.status.trouble?.code).toBe("load_failed"));
    expect(endpoint.status.trouble?.message).toContain("more system memory");
    ollama.answerPathWith("/api/generate", "usual");
    await until(() => expect(endpoint.status.state).toBe("warm"));
  });

  test("is loaded without a deadline, and only once", async () => {
    const engineClock = new FakeClock();
    await open({ clock: engineClock, loadMs: 100_000 });
    await until(() => expect(ollama.books.loads).toBe(1));
    clock.advance(90_000);
    expect(endpoint.status.state).toBe("loading");
    expect(endpoint.unavailable).toBe("the endpoint is loading");
    engineClock.advance(100_000);
    await until(() => expect(endpoint.status.state).toBe("warm"));
    expect(ollama.books).toMatchObject({ loads: 1, killedLoads: 0 });
  });
});

describe("a request's own options", () => {
  test("are sent with it alone, beside the frozen ones", async () => {
    await openWarm({ defaultContextLength: 2_048 });
    const one = ask("Hello there.", Infinity, { temperature: 0.9, num_ctx: 2_048 });
    await soon(() => expect(one.seen.done).toHaveLength(1));
    const other = ask();
    await soon(() => expect(other.seen.done).toHaveLength(1));
    const sent = bodies("/api/chat").map((body) => body?.["options"]);
    expect(sent.slice(-2)).toEqual([
      { num_ctx: 2_048, num_predict: 8, temperature: 0.9 },
      { num_ctx: 2_048, num_predict: 8 },
    ]);
    expect(ollama.books.loads).toBe(1);
  });

  test.each([
    ["num_ctx", 8_192, "is loaded with 2048"],
    ["num_gpu", 0, "is loaded with Ollama's own value"],
  ])("that would have the model loaded anew fail it unsent: %s", async (name, value, loaded) => {
    const happenings: Happening[] = [];
    await openWarm(
      { defaultContextLength: 2_048 },
      { observe: (happening) => happenings.push(happening) },
    );
    const { opens } = ollama.books;
    const { seen } = ask("Hello there.", Infinity, { temperature: 0.9, [name]: value });
    expect(seen.failed).toMatchObject([{ kind: "options" }]);
    const why = seen.failed[0]?.why;
    for (const part of ["options_differ", `${name} ${value}`, loaded, "Take"]) {
      expect(why).toContain(part);
    }
    expect(happenings.at(-1)).toMatchObject({ kind: "generationFailed", failure: "options", why });
    expect(endpoint.unavailable).toBeUndefined();
    expect(endpoint.status).toMatchObject({ inFlight: 0, waiting: 0 });
    expect(ollama.books).toMatchObject({ opens, loads: 1 });
  });
});

describe("runner options", () => {
  test("are those that the model is resident with, and every request says the same", async () => {
    await open({ defaultContextLength: 4_096 });
    await endpoint.close();
    await byAnother({ model: "scripted:latest", options: { num_ctx: 8_192 } });
    endpoint = newEndpoint();
    endpoint.start();
    await until(() => expect(endpoint.status.state).toBe("warm"));
    const loads = ollama.books.loads;
    const { seen } = ask();
    await soon(() => expect(seen.done).toHaveLength(1));
    expect(endpoint.status.contextLength).toBe(8_192);
    expect(ollama.books.loads).toBe(loads);
    const sent = bodies("/api/chat").map((body) => JSON.stringify(body?.["options"]));
    expect(new Set(sent.slice(-3))).toEqual(
      new Set(['{"num_ctx":8192,"num_predict":1}', '{"num_ctx":8192,"num_predict":8}']),
    );
  });

  test("of a model that we load are its default, said from then on", async () => {
    await openWarm({ defaultContextLength: 2_048 });
    expect(endpoint.status.contextLength).toBe(2_048);
    expect(ollama.books.loads).toBe(1);
  });
});

/** The model is resident for so long before we come. */
async function openAfter(keepAlive: unknown): Promise<void> {
  ollama = await startScriptedOllama();
  await byAnother({ model: "scripted:latest", keep_alive: keepAlive });
  endpoint = newEndpoint();
  endpoint.start();
  await until(() => expect(endpoint.status.state).toBe("warm"));
}

async function minutesLeft(): Promise<number> {
  const { expires_at } = (await resident()) as { expires_at: string };
  return Math.round((Date.parse(expires_at) - Date.now()) / 60_000);
}

const FOR_EVER_MINUTES = 1e6;

describe("the keep-alive", () => {
  test("is for ever while we are here, and what it was when we leave", async () => {
    await openAfter("20m");
    expect(await minutesLeft()).toBeGreaterThan(FOR_EVER_MINUTES);
    await endpoint.close();
    expect(await minutesLeft()).toBe(20);
    expect(ollama.books.loads).toBe(1);
  });

  test("that was for ever stays so", async () => {
    await openAfter(-1);
    await endpoint.close();
    expect(await minutesLeft()).toBeGreaterThan(FOR_EVER_MINUTES);
  });

  test("of a model that was not resident becomes Ollama's own default", async () => {
    await openWarm();
    await endpoint.close();
    expect(await minutesLeft()).toBe(5);
  });

  test("is given back as first found, also after a loss of the connection", async () => {
    await openAfter("20m");
    ollama.answerPathWith("/api/ps", refusing(500, "busy"));
    await until(() => expect(endpoint.status.state).toBe("down"));
    ollama.answerPathWith("/api/ps", "usual");
    await until(() => expect(endpoint.status.state).toBe("warm"));
    await endpoint.close();
    expect(await minutesLeft()).toBe(20);
  });
});

describe("an Ollama that goes away", () => {
  test("makes the endpoint unavailable, and warm again by itself once it is back", async () => {
    await openWarm();
    const { port } = ollama;
    await ollama.close();
    await until(() => expect(endpoint.status.state).toBe("down"));
    expect(endpoint.status.trouble).toMatchObject({
      code: "ollama_silent",
      remedy: expect.stringContaining("ollama serve"),
    });
    expect(endpoint.unavailable).toBeDefined();
    ollama = await startScriptedOllama({ port });
    await until(() => expect(endpoint.status.state).toBe("warm"));
    const { seen } = ask();
    await soon(() => expect(seen.text).toBe("Mind the step, traveller."));
  });

  test("in the middle of a generation fails it once and leaves nothing in flight", async () => {
    await openWarm();
    ollama.answerWith(MOODS.stallMidLine);
    const { seen } = ask();
    await soon(() => expect(seen.text).toBe("Mind the"));
    await ollama.close();
    await soon(() => expect(seen.failed).toHaveLength(1));
    await until(() => expect(endpoint.status.state).toBe("down"));
    expect(endpoint.status).toMatchObject({ inFlight: 0, waiting: 0 });
    expect(endpoint.status.opens).toBe(endpoint.status.closes);
  });

  test("that was never there is said to be silent", async () => {
    await open({}, { locate: () => Promise.resolve("http://127.0.0.1:1") });
    await until(() => expect(endpoint.status.trouble?.code).toBe("ollama_silent"));
  });

  test("is said to be so once, however often it is tried again", async () => {
    const told: string[] = [];
    let tries = 0;
    await open(
      {},
      {
        locate() {
          tries++;
          return Promise.resolve("http://127.0.0.1:1");
        },
        observe: ({ kind }) => told.push(kind),
      },
    );
    await until(() => expect(tries).toBeGreaterThan(4));
    expect(told).toEqual(["endpointDown"]);
    expect(endpoint.status).toMatchObject({ state: "down", trouble: { code: "ollama_silent" } });
  });
});

describe("an /api/ps that says nothing", () => {
  test("leaves lines to the model for as long as Ollama tells its version", async () => {
    await openWarm();
    ollama.answerPathWith("/api/ps", { steps: [{ do: "hang" }] });
    const asked = bodies("/api/version").length;
    await until(() => expect(bodies("/api/version").length).toBeGreaterThan(asked + 2));
    expect(endpoint.status).toMatchObject({ state: "warm", trouble: null });
    const { seen } = ask();
    await soon(() => expect(seen.done).toHaveLength(1));
    ollama.answerPathWith("/api/version", { steps: [{ do: "hang" }] });
    await until(() => expect(endpoint.status.state).toBe("down"));
    expect(endpoint.status.trouble).toMatchObject({
      code: "ollama_silent",
      message: expect.stringContaining("/api/version gave no answer within 5000 ms"),
    });
  });
});

test("an answer that is none of Ollama's is told as that, not as silence", async () => {
  await openWarm();
  const bytes = "<html>Please sign in</html>";
  ollama.answerPathWith("/api/ps", { steps: [{ do: "bytes", bytes }] });
  await until(() => expect(endpoint.status.state).toBe("down"));
  const { message } = endpoint.status.trouble ?? { message: "" };
  expect(message).toContain(`/api/ps was answered by "${bytes}"`);
  expect(message).not.toContain("does not answer");
});

describe("suspicion", () => {
  test("makes the endpoint unavailable until the model is known to be resident", async () => {
    await openWarm();
    ollama.answerPathWith("/api/ps", { steps: [{ do: "hang" }] });
    const asked = bodies("/api/ps").length;
    suspect();
    expect(endpoint.unavailable).toBe("the endpoint is checking");
    expect(endpoint.status.state).toBe("checking");
    await soon(() => expect(bodies("/api/ps").length).toBeGreaterThan(asked));
    expect(endpoint.unavailable).toBeDefined();
  });

  test("is not lifted by an answer to a question older than it", async () => {
    const engineClock = new FakeClock();
    await openWarm({ clock: engineClock });
    const bytes = JSON.stringify({ models: [await resident()] });
    ollama.answerPathWith("/api/ps", {
      steps: [
        { do: "wait", ms: 1 },
        { do: "bytes", bytes },
      ],
    });
    const asked = bodies("/api/ps").length;
    endpoint.keepWarm({ role: "system", content: "I am Mira." });
    await soon(() => expect(bodies("/api/ps").length).toBeGreaterThan(asked));
    ollama.answerPathWith("/api/ps", { steps: [{ do: "hang" }] });
    suspect();
    const before = bodies("/api/ps").length;
    engineClock.advance(1);
    await soon(() => expect(bodies("/api/ps").length).toBeGreaterThan(before));
    expect(endpoint.unavailable).toBe("the endpoint is checking");
  });

  test("that was for nothing is over as soon as Ollama has answered, without a load", async () => {
    await openWarm();
    suspect();
    await soon(() => expect(endpoint.unavailable).toBeUndefined());
    expect(ollama.books.loads).toBe(1);
  });

  test("follows a generation that failed", async () => {
    await openWarm();
    ollama.answerWith(MOODS.crashed);
    ollama.answerPathWith("/api/ps", { steps: [{ do: "hang" }] });
    const { seen } = ask();
    await soon(() => expect(seen.failed).toMatchObject([{ kind: "status" }]));
    expect(endpoint.unavailable).toBe("the endpoint is checking");
  });
});

describe("an engine that answers nothing", () => {
  test("is quarantined: the operator is told once, the model unloaded once", async () => {
    const happenings = await openWedged();
    expect(endpoint.status.state).toBe("down");
    expect(endpoint.unavailable).toBe("the endpoint is wedged");
    await soon(() => expect(unloads()).toBe(1));
    const { opens } = ollama.books;
    for (const canaries of [1, 2, 3]) {
      await until(() => expect(ollama.books.opens).toBe(opens + canaries));
      clock.advance(60_000);
    }
    expect(happenings.filter(({ kind }) => kind === "endpointWedged")).toHaveLength(1);
    expect(unloads()).toBe(1);
    expect(endpoint.status.trouble?.code).toBe("wedged");
  });

  test("is not meant where a canary has its token and then no end: the model stays loaded", async () => {
    await openWarm();
    ollama.answerWith(MOODS.blackHole);
    await miss();
    ollama.answerWith(MOODS.stallMidLine);
    const { opens, loads } = ollama.books;
    await until(() => expect(ollama.books.inFlight).toBe(1));
    await until(() => expect(ollama.books).toMatchObject({ opens: opens + 1, inFlight: 0 }));
    const looks = bodies("/api/ps").length;
    await until(() => expect(bodies("/api/ps").length).toBeGreaterThan(looks));
    expect(endpoint.status).toMatchObject({ state: "warm", trouble: null });
    expect(endpoint.unavailable).toBeUndefined();
    expect(unloads()).toBe(0);
    expect(ollama.books.loads).toBe(loads);
  });

  test("is sent no cue, nor one that waited for its slot: only canaries", async () => {
    await openWedged();
    const { seen } = ask("Still there?");
    await until(() => expect(seen.failed).toMatchObject([{ kind: "engine" }]));
    expect(timesSent("Still there?")).toBe(0);
    expect(endpoint.status.trouble?.code).toBe("wedged");
  });

  test("serves again by itself once a canary is answered", async () => {
    await openWedged();
    ollama.answerWith(saying("Yes."));
    await until(() => expect(endpoint.status).toMatchObject({ state: "warm", trouble: null }));
    expect(endpoint.unavailable).toBeUndefined();
    const { seen } = ask();
    await soon(() => expect(seen.text).toBe("Yes."));
  });

  test("ends its quarantine when it is closed", async () => {
    await openWedged();
    await endpoint.close();
    await soon(() => expect(ollama.books).toMatchObject({ inFlight: 0, sockets: 0 }));
    // Its canaries are zombies for so long.
    clock.advance(1_000);
    expect(clock.pending).toBe(0);
  });

  test("is asked for a canary only when its zombies are gone", async () => {
    await openWarm();
    ollama.answerWith(MOODS.blackHole);
    await miss();
    const { opens } = ollama.books;
    clock.advance(900);
    await soon(() => expect(bodies("/api/ps").length).toBeGreaterThan(1));
    expect(ollama.books.opens).toBe(opens);
    await until(() => expect(ollama.books.opens).toBe(opens + 1));
  });

  test("is spared cues after three misses in a row, and trusted after an answer", async () => {
    await openWarm({}, { zombieHoldMs: 0, slots: 4 });
    const other = ask();
    await soon(() => expect(other.seen.done).toHaveLength(1));
    ollama.answerWith(MOODS.blackHole);
    // One that goes on keeps canaries back.
    const stays = ask();
    await soon(() => expect(ollama.books.inFlight).toBe(1));
    for (let misses = 0; misses < 3; misses++) {
      const { giveUp } = ask();
      await soon(() => expect(ollama.books.inFlight).toBe(2));
      giveUp.abort(TOO_LATE);
      await soon(() => expect(ollama.books.inFlight).toBe(1));
    }
    await soon(() => expect(endpoint.unavailable).toMatch(/answered none/u));
    expect(endpoint.status.state).toBe("checking");
    ollama.answerWith(saying("Yes."));
    stays.giveUp.abort();
    await until(() => expect(endpoint.unavailable).toBeUndefined());
  });
});

describe("a model that leaves memory", () => {
  test("by another's doing is loaded once, without a deadline, while no cue is let through", async () => {
    const engineClock = new FakeClock();
    await open({ clock: engineClock, loadMs: 4_000 });
    await until(() => {
      engineClock.advance(4_000);
      expect(endpoint.status.state).toBe("warm");
    });
    ollama.unload();
    suspect();
    await soon(() => expect(ollama.books.loads).toBe(2));
    expect(endpoint.unavailable).toBe("the endpoint is loading");
    clock.advance(30_000);
    expect(ollama.books.loads).toBe(2);
    engineClock.advance(4_000);
    await until(() => expect(endpoint.status.state).toBe("warm"));
    expect(ollama.books).toMatchObject({ loads: 2, killedLoads: 0 });
  });

  test("by another's runner options is noticed, and their context length adopted", async () => {
    await openWarm({ defaultContextLength: 4_096 });
    await byAnother({ model: "scripted:latest", options: { num_ctx: 1_024 } });
    await until(() => expect(endpoint.status.contextLength).toBe(1_024));
    await until(() => expect(endpoint.status.state).toBe("warm"));
    expect(ollama.books.loads).toBe(2);
  });
});

/** Personas that share nothing. */
const MIRA = { role: "system", content: "Mira keeps the tavern. ".repeat(10) } as const;
const BRAM = { role: "system", content: "Bram drinks in it. ".repeat(10) } as const;

/** A round trip to the engine: what was on its way to it has arrived. */
const version = (): Promise<Response> => fetch(`${ollama.origin}/api/version`);

describe("prefixes", () => {
  test("are warmed once, and again after a reload", async () => {
    await openWarm();
    endpoint.keepWarm(MIRA);
    endpoint.keepWarm(MIRA);
    endpoint.keepWarm(BRAM);
    await until(() => expect([timesSent("Mira"), timesSent("Bram")]).toEqual([1, 1]));
    await until(() => expect(bodies("/api/ps").length).toBeGreaterThan(5));
    expect([timesSent("Mira"), timesSent("Bram")]).toEqual([1, 1]);
    ollama.unload();
    await until(() => expect([timesSent("Mira"), timesSent("Bram")]).toEqual([2, 2]));
  });

  test("that are known are no reason to look at the engine again", async () => {
    await openWarm();
    endpoint.keepWarm(MIRA);
    await soon(() => expect(endpoint.status.prefixes.warm).toBe(1));
    await version();
    const looks = bodies("/api/ps").length;
    for (let count = 0; count < 20; count++) {
      endpoint.keepWarm(MIRA);
      await version();
    }
    // A look that the first time was owed may have come late.
    expect(bodies("/api/ps").length).toBeLessThanOrEqual(looks + 1);
    endpoint.keepWarm(BRAM);
    await soon(() => expect(timesSent("Bram")).toBe(1));
  });

  test("that were taken back are not warmed", async () => {
    await open();
    const drop = endpoint.keepWarm(MIRA);
    endpoint.keepWarm(BRAM);
    drop();
    await until(() => expect(timesSent("Bram")).toBe(1));
    expect(timesSent("Mira")).toBe(0);
  });

  test("that the engine refuses harm neither the others nor the endpoint", async () => {
    const tooLong = refusing(400, "input exceeds the context length");
    const answer = (body: object): Reply =>
      JSON.stringify(body).includes("Mira") ? tooLong : saying("Yes.");
    await openWarm({ answerWith: answer });
    endpoint.keepWarm(MIRA);
    endpoint.keepWarm(BRAM);
    await until(() => expect([timesSent("Mira"), timesSent("Bram")]).toEqual([1, 1]));
    await until(() => expect(endpoint.status.state).toBe("warm"));
    await until(() => expect(endpoint.status.prefixes).toMatchObject({ warm: 1, refused: 1 }));
    expect(ollama.books.loads).toBe(1);
  });

  test("that come to an engine with too much to do are read later", async () => {
    let refusals = 0;
    const answer = (body: object): Reply =>
      JSON.stringify(body).includes("Mira") && refusals++ === 0
        ? refusing(503, "busy")
        : saying("Yes.");
    await openWarm({ answerWith: answer });
    endpoint.keepWarm(MIRA);
    await until(() => expect(timesSent("Mira")).toBe(2));
    await until(() => expect(endpoint.status.prefixes).toMatchObject({ warm: 1, refused: 0 }));
  });

  test("beyond what the engine has room for are left cold, all but the last", async () => {
    await openWarm({}, { hasHostCache: false });
    endpoint.keepWarm(MIRA);
    endpoint.keepWarm(BRAM);
    await until(() => expect(endpoint.status.prefixes).toMatchObject({ capacity: 1, warm: 1 }));
    await until(() => expect(bodies("/api/ps").length).toBeGreaterThan(5));
    expect([timesSent("Mira"), timesSent("Bram")]).toEqual([0, 1]);
  });

  test("make way for a cue, and are read once it is over", async () => {
    const engineClock = new FakeClock();
    await openWarm({ clock: engineClock }, { zombieHoldMs: 0 });
    ollama.answerWith({ prefillMs: 500, steps: saying("Yes.").steps });
    endpoint.keepWarm(MIRA);
    await soon(() => expect(timesSent("Mira")).toBe(1));
    const { seen } = ask("Hello there.", clock.nowMs() + 200);
    await until(() => expect(seen.granted).toBe(true));
    await soon(() => expect(ollama.books.cancelled).toBe(1));
    const withTheEngine = (expectation: () => void): Promise<void> =>
      until(() => {
        engineClock.advance(100);
        expectation();
      });
    await withTheEngine(() => expect(seen.done).toHaveLength(1));
    await withTheEngine(() => expect(endpoint.status.prefixes.warm).toBe(1));
    expect(timesSent("Mira")).toBe(2);
  });
});

describe("slots", () => {
  test("are never exceeded, and the engine's own queue is never used", async () => {
    await openWarm({ slots: 2 }, { slots: 2, maxWaiting: 100 });
    const asked = Array.from({ length: 30 }, () => ask());
    await soon(() => expect(asked.every(({ seen }) => seen.done.length === 1)).toBe(true));
    expect(ollama.books).toMatchObject({ maxInFlight: 2, queued: 0 });
    expect(endpoint.status).toMatchObject({ inFlight: 0, waiting: 0, zombies: 0 });
    expect(endpoint.status.opens).toBe(ollama.books.opens);
  });

  test("a cue beyond the queue's bound is refused at once", async () => {
    await openWarm();
    ollama.answerWith(MOODS.blackHole);
    const asked = Array.from({ length: 6 }, () => ask());
    const fates = asked.map(({ seen }) => [seen.granted, seen.refused]);
    const waits = [false, false];
    expect(fates).toEqual([[true, false], waits, waits, waits, waits, [false, true]]);
  });

  test("of cancelled prefills are held, so that the engine's queue stays empty", async () => {
    const engineClock = new FakeClock();
    await openWarm({ clock: engineClock });
    ollama.answerWith({ prefillMs: 500, steps: saying("Late.").steps });
    const first = ask();
    await soon(() => expect(ollama.books.inFlight).toBe(1));
    const second = ask();
    first.giveUp.abort();
    await soon(() => expect(ollama.books.cancelled).toBe(1));
    expect(endpoint.status).toMatchObject({ zombies: 1, inFlight: 0, waiting: 1 });
    engineClock.advance(500);
    clock.advance(1_000);
    expect(endpoint.status).toMatchObject({ zombies: 0, inFlight: 1, waiting: 0 });
    await soon(() => expect(ollama.books.inFlight).toBe(1));
    engineClock.advance(500);
    await soon(() => expect(second.seen.text).toBe("Late."));
    expect(ollama.books.queued).toBe(0);
  });
});

describe("closing", () => {
  test("ends what is in flight, and leaves no socket open", async () => {
    await openWarm();
    ollama.answerWith(MOODS.stallMidLine);
    const { seen } = ask();
    await soon(() => expect(seen.text).toBe("Mind the"));
    await endpoint.close();
    await soon(() => expect(ollama.books).toMatchObject({ inFlight: 0, sockets: 0 }));
  });

  test("while it is loading ends the load", async () => {
    await open({ clock: new FakeClock(), loadMs: 60_000 });
    await until(() => expect(endpoint.status.state).toBe("loading"));
    await soon(() => expect(ollama.books.loads).toBe(1));
    await endpoint.close();
    await soon(() => expect(ollama.books).toMatchObject({ killedLoads: 1, sockets: 0 }));
    expect(clock.pending).toBe(0);
  });

  test("between two canaries ends the start", async () => {
    const engineClock = new FakeClock();
    await open({ clock: engineClock, answerWith: { prefillMs: 10, ...saying("Hm.") } });
    await until(() => expect(endpoint.status.inFlight).toBe(1));
    await soon(() => expect(ollama.books.inFlight).toBe(1));
    // It closes as soon as the first canary is answered.
    const retired = endpoint.retire();
    engineClock.advance(10);
    await retired;
    await soon(() => expect(ollama.books).toMatchObject({ inFlight: 0, sockets: 0 }));
    expect(clock.pending).toBe(0);
  });

  test("while it is down ends the retries", async () => {
    await open({}, { locate: () => Promise.reject(new Error("nobody")) });
    await until(() => expect(endpoint.status.state).toBe("down"));
    await endpoint.close();
    expect(clock.pending).toBe(0);
  });
});
