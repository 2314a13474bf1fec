import { FakeClock } from "@banterwire/protocol/testing";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { ChatMessage, PromptStyle } from "../chat.ts";
import { type Observe, unobserved } from "../happening.ts";
import { type ScriptedOllama, type Step, startScriptedOllama } from "../testing/index.ts";
import { UNHURRIED } from "../testing/unhurried.ts";
import { memberOf } from "../testing/member.ts";
import { Endpoint, type EndpointOptions } from "./endpoint.ts";
import { Fleet } from "./fleet.ts";
import type { MemberSpec } from "./fleet-member.ts";
import type { Upstream } from "./upstream.ts";

const SLOW: Step[] = [
  { do: "say", text: "Well" },
  { do: "wait", ms: 5_000 },
  { do: "say", text: " met" },
  { do: "done" },
];

let clock: FakeClock;
let first: ScriptedOllama;
let second: ScriptedOllama;
let upstream: Fleet;

beforeEach(async () => {
  clock = new FakeClock();
  first = await startScriptedOllama({ clock });
  second = await startScriptedOllama({ clock });
  upstream = new Fleet([specAt(first)], { clock, observe: unobserved });
  upstream.start();
});

afterEach(async () => {
  await upstream.close();
  await Promise.all([first.close(), second.close()]);
});

function endpointAt(ollama: ScriptedOllama, options: Partial<EndpointOptions> = {}): Endpoint {
  return new Endpoint({
    promptStyle: "bare",
    locate: () => Promise.resolve(ollama.origin),
    wantedModel: undefined,
    slots: 1,
    maxWaiting: 4,
    zombieHoldMs: 0,
    hasHostCache: true,
    clock,
    observe: unobserved,
    ...options,
  });
}

function specAt(ollama: ScriptedOllama, options: Partial<EndpointOptions> = {}): MemberSpec {
  return memberOf(endpointAt(ollama, options));
}

function specAtSite(ollama: ScriptedOllama): MemberSpec {
  return { ...specAt(ollama), site: ollama.origin };
}

function replaceBy(...next: readonly MemberSpec[]): void {
  upstream.become(next);
}

/** Moves time on, 50 ms at a step, until the expectation holds. */
function until(expectation: () => void): Promise<void> {
  const step = (): void => {
    clock.advance(50);
    expectation();
  };
  return vi.waitFor(step, { timeout: 30_000, interval: 2 });
}

/** With time standing still. */
function soon(expectation: () => void): Promise<void> {
  return vi.waitFor(expectation, { timeout: 30_000, interval: 2 });
}

function warm(): Promise<void> {
  return until(() => expect(upstream.unavailable).toBeUndefined());
}

function servedBy(ollama: ScriptedOllama): void {
  expect(upstream.members[0].endpoint.status.url).toBe(ollama.origin);
}

function ask(at: Upstream = upstream): { text: string; isDone: boolean } {
  const seen = { text: "", isDone: false };
  at.request({
    request: { messages: [{ role: "user", content: "a cue" }], maxTokens: 8 },
    ...UNHURRIED,
    signal: new AbortController().signal,
    granted: () => {},
    refused: () => {},
    events: {
      sent: () => {},
      text: (piece) => (seen.text += piece),
      done: () => (seen.isDone = true),
      failed: () => {},
    },
  });
  return seen;
}

function prompts(ollama: ScriptedOllama): string[] {
  const chats = ollama.books.received.filter(({ path }) => path === "/api/chat");
  return chats.map(({ body }) => JSON.stringify(body?.["messages"]));
}

describe("an endpoint that is to be replaced", () => {
  test("serves until the next one is warm, and is closed then", async () => {
    await warm();
    second.answerPathWith("/api/version", { steps: [{ do: "hang" }] });
    replaceBy(specAt(second));
    await soon(() => expect(second.books.received.length).toBeGreaterThan(0));
    clock.advance(1_000);
    servedBy(first);
    expect(upstream.unavailable).toBeUndefined();
    second.answerPathWith("/api/version", "usual");
    // The call that hangs has a limit of its own, in real time; another endpoint need not wait.
    replaceBy(specAt(second));
    await until(() => servedBy(second));
    expect(upstream.unavailable).toBeUndefined();
    await until(() => expect(upstream.retiring).toEqual([]));
    await until(() => expect(first.books.sockets).toBe(0));
  });

  test("ends the line that it has begun, and what waits for its slot", async () => {
    await warm();
    first.answerWith({ steps: SLOW });
    const begun = ask();
    const waiting = ask();
    await soon(() => expect(begun.text).toBe("Well"));
    replaceBy(specAt(second));
    await soon(() => servedBy(second));
    const next = ask();
    await soon(() => expect(next.isDone).toBe(true));
    expect(begun.isDone).toBe(false);
    expect(upstream.retiring).toHaveLength(1);
    await until(() => expect(begun).toEqual({ text: "Well met", isDone: true }));
    await until(() => expect(waiting).toEqual({ text: "Well met", isDone: true }));
    await until(() => expect(upstream.retiring).toEqual([]));
    expect(first.books).toMatchObject({ inFlight: 0, cancelled: 0 });
  });

  test("gives its model's keep-alive back", async () => {
    await warm();
    replaceBy(specAt(second));
    await until(() => servedBy(second));
    await until(() => expect(upstream.retiring).toEqual([]));
    const last = first.books.received.findLast(({ path }) => path === "/api/generate");
    expect(last?.body).not.toHaveProperty("keep_alive");
  });

  test("leaves what it owes to one that has come to the same model", async () => {
    await warm();
    const [before] = upstream.members;
    replaceBy(specAt(first));
    await until(() => expect(upstream.members[0]).not.toBe(before));
    await until(() => expect(upstream.retiring).toEqual([]));
    const keepAlives = () =>
      first.books.received
        .filter(({ path }) => path === "/api/generate")
        .map(({ body }) => body?.["keep_alive"]);
    expect(keepAlives()).toEqual([-1, -1]);
    await upstream.close();
    expect(keepAlives()).toEqual([-1, -1, undefined]);
  });

  test("and is named again ends its lines before another one begins at its place", async () => {
    await upstream.close();
    upstream = new Fleet([specAtSite(first)], { clock, observe: unobserved });
    upstream.start();
    await warm();
    first.answerWith({ steps: SLOW });
    const begun = ask();
    await soon(() => expect(begun.text).toBe("Well"));
    const other = specAtSite(second);
    replaceBy(other);
    await soon(() => servedBy(second));
    const again = specAtSite(first);
    replaceBy(other, again);
    const before = first.books.received.length;
    // Whoever had begun would be seen by then.
    for (const _ of [1, 2, 3]) await fetch(`${first.origin}/api/version`);
    const paths = first.books.received.slice(before).map(({ path }) => path);
    expect(paths).toEqual(["/api/version", "/api/version", "/api/version"]);
    first.answerWith({ steps: [{ do: "done" }] });
    await until(() => expect(begun.isDone).toBe(true));
    await until(() => expect(again.endpoint.status.state).toBe("warm"));
    expect(first.books.loads).toBe(1);
  });

  test("does not push another model of the same Ollama out for the sake of its keep-alive", async () => {
    first.install({ name: "other", sizeBytes: 2_000_000 });
    await warm();
    replaceBy(specAt(first, { wantedModel: "other" }));
    await soon(() => expect(upstream.members[0].endpoint.status.model).toBe("other"));
    await soon(() => expect(upstream.retiring).toEqual([]));
    expect(first.books.loads).toBe(2);
    expect(await (await fetch(`${first.origin}/api/ps`)).json()).toMatchObject({
      models: [{ name: "other" }],
    });
  });

  test("goes on where the next one does not come up", async () => {
    await warm();
    await second.close();
    replaceBy(specAt(second));
    await until(() => expect(upstream.members[1]?.endpoint.status.state).toBe("down"));
    servedBy(first);
    const seen = ask();
    await soon(() => expect(seen.isDone).toBe(true));
  });

  test("goes on when it is called off", async () => {
    await warm();
    const [stays] = upstream.members;
    replaceBy(specAt(second));
    replaceBy(stays);
    await until(() => expect(upstream.retiring).toEqual([]));
    expect(upstream.members).toHaveLength(1);
    servedBy(first);
  });

  test("gives way to the newest wish alone", async () => {
    await warm();
    const third = await startScriptedOllama({ clock });
    replaceBy(specAt(second));
    replaceBy(specAt(third));
    await until(() => servedBy(third));
    await until(() => expect(upstream.retiring).toEqual([]));
    servedBy(third);
    await upstream.close();
    await third.close();
  });
});

function persona(style: PromptStyle): ChatMessage {
  return { role: "system", content: `${style} Mira` };
}

test("an endpoint that takes the place of another at one Ollama is not told to be the same", async () => {
  const told: string[] = [];
  await upstream.close();
  const observe: Observe = ({ kind }) => void told.push(kind);
  upstream = new Fleet([specAt(first)], { clock, observe });
  upstream.start();
  await warm();
  const [before] = upstream.members;
  // Long enough for both to have told what is in memory.
  first.answerWith({ steps: SLOW });
  const begun = ask();
  await soon(() => expect(begun.text).toBe("Well"));
  const next = specAt(first);
  replaceBy(next);
  await until(() => expect(next.endpoint.residence).toBeDefined());
  expect(before.endpoint.residence).toEqual(next.endpoint.residence);
  await until(() => expect(upstream.retiring).toEqual([]));
  expect(told).not.toContain("sameProcess");
});

describe("prefixes", () => {
  test("are warm at the next endpoint, in its own style, before it takes over", async () => {
    await warm();
    upstream.keepWarm("mira", persona);
    await until(() => expect(prompts(first).join()).toContain("bare Mira"));
    second.answerWith((body) => ({
      prefillMs: JSON.stringify(body).includes("Mira") ? 1_000 : 0,
      steps: [{ do: "done" }],
    }));
    replaceBy(specAt(second, { promptStyle: "instructed" }));
    await soon(() => expect(prompts(second).join()).toContain("instructed Mira"));
    expect(upstream.members[1]?.endpoint.unavailable).toBeUndefined();
    servedBy(first);
    await until(() => servedBy(second));
    expect(prompts(second).join()).not.toContain("bare Mira");
  });

  test("that are cold do not keep back an endpoint that nobody else stands in for", async () => {
    await warm();
    upstream.keepWarm("mira", persona);
    await until(() => expect(prompts(first).join()).toContain("bare Mira"));
    await first.close();
    await until(() => expect(upstream.members[0].endpoint.status.state).toBe("down"));
    second.answerWith((body) => ({
      steps: [{ do: JSON.stringify(body).includes("Mira") ? "hang" : "done" }],
    }));
    replaceBy(specAt(second));
    await until(() => servedBy(second));
  });

  test("that were let go are nowhere kept", async () => {
    await warm();
    const letGo = upstream.keepWarm("mira", persona);
    second.answerPathWith("/api/version", { steps: [{ do: "hang" }] });
    replaceBy(specAt(second));
    letGo();
    expect(upstream.members[1]?.endpoint.hasColdPrefix).toBe(false);
  });
});
