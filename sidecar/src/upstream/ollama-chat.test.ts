import { Pool } from "undici";
import { FakeClock } from "@banterwire/protocol/testing";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import {
  inOneWrite,
  inPieces,
  type Mood,
  MOODS,
  type Reply,
  saying,
  type ScriptedOllama,
  startScriptedOllama,
} from "../testing/index.ts";
import { chatBody, streamChat } from "./ollama-chat.ts";
import type { Failure, Generation } from "./upstream.ts";

/** What a generation's events were, in order. */
interface Heard {
  readonly text: string;
  readonly done: readonly Generation[];
  readonly failed: readonly Failure[];
}

const REQUEST = { messages: [{ role: "user", content: "Hello there." }], maxTokens: 7 } as const;
const BODY = chatBody("scripted:latest", REQUEST, { num_ctx: 512 });

let clock: FakeClock;
let ollama: ScriptedOllama | undefined;
let pool: Pool | undefined;

beforeEach(() => {
  clock = new FakeClock();
});

afterEach(async () => {
  await pool?.destroy();
  await ollama?.close();
});

async function connect(reply: Reply): Promise<Pool> {
  ollama = await startScriptedOllama({ answerWith: reply });
  pool = new Pool(ollama.origin, { connections: 4, headersTimeout: 0, bodyTimeout: 0 });
  return pool;
}

/** Streams one chat; resolves as soon as it is over, and keeps what comes after. */
function listen(dispatcher: Pool, signal: AbortSignal, body = BODY) {
  const heard = { text: "", sent: 0, done: [] as Generation[], failed: [] as Failure[] };
  const { promise: over, resolve } = Promise.withResolvers<void>();
  const events = {
    sent: () => heard.sent++,
    text: (piece: string) => (heard.text += piece),
    done: (generation: Generation) => {
      heard.done.push(generation);
      resolve();
    },
    failed: (failure: Failure) => {
      heard.failed.push(failure);
      resolve();
    },
  };
  streamChat(dispatcher, body, signal, events, { clock });
  return { heard, over };
}

async function hear(reply: Reply): Promise<Heard> {
  const { heard, over } = listen(await connect(reply), new AbortController().signal);
  await over;
  await untilClosed();
  return heard;
}

/** The engine has seen the end of every request, so nothing more can come of it. */
async function untilClosed(): Promise<void> {
  await expect.poll(() => ollama?.books.inFlight).toBe(0);
}

describe("a chat that ends well", () => {
  test.each<[string, Reply, string]>([
    ["a plain answer", saying("Mind the step."), "Mind the step."],
    ["a second done", MOODS.doubleDone, "Mind the"],
    ["text after done", MOODS.textAfterDone, "Mind the"],
    ["no text at all", MOODS.doneWithoutText, ""],
    ["empty first tokens", MOODS.emptyFirstTokens, "Mind the"],
    ["thinking, which is no text", MOODS.thinking, "Mind the"],
  ])("%s is its text and one done", async (_what, reply, text) => {
    expect(await hear(reply)).toMatchObject({ text, done: [{ stoppedBy: "stop" }], failed: [] });
  });

  test.each([1, 2, 3, 5, 7, 64])("cut into pieces of %i bytes it is the same", async (bytes) => {
    const reply = inPieces(saying("Ein Bärenhunger! 🐻 Käse? 👩‍👩‍👧"), bytes);
    const heard = await hear(reply);
    expect(heard).toMatchObject({ text: "Ein Bärenhunger! 🐻 Käse? 👩‍👩‍👧", failed: [] });
    expect(heard.done).toHaveLength(1);
  });

  test("all lines in one write are the same", async () => {
    const heard = await hear(inOneWrite(saying("Mind the step.")));
    expect(heard).toMatchObject({ text: "Mind the step.", done: [{}], failed: [] });
  });

  test("it hands on why it stopped and the engine's own times", async () => {
    const { done } = await hear({
      prefillMs: 3,
      steps: [
        { do: "say", text: "Well" },
        { do: "done", reason: "length" },
      ],
    });
    expect(done).toEqual([
      { stoppedBy: "length", loadMs: expect.any(Number), prefillMs: 3, promptTokens: 2, tokens: 1 },
    ]);
  });
});

describe("a chat that fails", () => {
  test.each<[Mood, Failure["kind"], string, RegExp]>([
    ["deathBeforeText", "connect", "", /./],
    ["deathMidLine", "ended-early", "Mind the", /./],
    ["endWithoutDone", "ended-early", "Mind the", /before it was done/],
    ["emptyBody", "ended-early", "", /before it was done/],
    ["overloaded", "status", "", /HTTP 503: server busy/],
    ["crashed", "status", "", /HTTP 500: llama runner/],
    ["modelMissing", "status", "", /HTTP 404: model not found/],
    ["silentFailure", "status", "", /HTTP 500/],
    ["htmlPage", "protocol", "", /no JSON: <html>/],
    ["garbage", "protocol", "", /no JSON/],
    ["garbageMidLine", "protocol", "Mind the", /no JSON/],
    ["errorLine", "engine", "", /an error was encountered/],
    ["errorLineMidLine", "engine", "Mind the", /the runner was stopped/],
    ["hugeLine", "protocol", "Mind the", /more than 1048576 bytes/],
  ])("%s is one failure of the kind %s", async (mood, kind, text, why) => {
    const heard = await hear(MOODS[mood]);
    expect(heard).toMatchObject({ text, done: [], failed: [{ kind }] });
    expect(heard.failed[0]?.why).toMatch(why);
  });

  test("a failed stream that never ends does not keep its connection", async () => {
    await hear({
      steps: [{ do: "bytes", bytes: "no json\n" }, { do: "hang" }],
    });
    expect(ollama?.books).toMatchObject({ opens: 1, closes: 1 });
  });

  test("a port where nobody listens is one failure of the kind connect", async () => {
    const dispatcher = await connect(saying("never heard"));
    await ollama?.close();
    const { heard, over } = listen(dispatcher, new AbortController().signal);
    await over;
    expect(heard).toMatchObject({ sent: 0, text: "", done: [], failed: [{ kind: "connect" }] });
  });
});

describe("a chat that is given up", () => {
  test.each<[string, Reply, string]>([
    ["before its first token", MOODS.blackHole, ""],
    ["in the middle of a line", MOODS.stallMidLine, "Mind the"],
  ])("%s is told nothing more, and its socket closes", async (_when, reply, text) => {
    const giveUp = new AbortController();
    const { heard } = listen(await connect(reply), giveUp.signal);
    await expect.poll(() => ollama?.books.inFlight).toBe(1);
    await expect.poll(() => heard.text).toBe(text);
    giveUp.abort();
    await expect.poll(() => ollama?.books).toMatchObject({ cancelled: 1, sockets: 0 });
    expect(heard).toEqual({ sent: 1, text, done: [], failed: [] });
  });

  test("before it was sent never reaches the engine", async () => {
    const dispatcher = await connect(saying("never heard"));
    const { heard } = listen(dispatcher, AbortSignal.abort());
    const giveUp = new AbortController();
    const { heard: connecting } = listen(dispatcher, giveUp.signal);
    giveUp.abort();
    const { over } = listen(dispatcher, new AbortController().signal);
    await over;
    expect(ollama?.books.opens).toBe(1);
    expect(heard).toEqual({ sent: 0, text: "", done: [], failed: [] });
    expect(connecting).toEqual({ sent: 0, text: "", done: [], failed: [] });
  });
});

describe("the body of a chat", () => {
  test("asks for no thinking and no truncation, keeps the model for ever, and says the same options every time", async () => {
    await hear(saying("Yes."));
    expect(ollama?.books.received[0]).toEqual({
      path: "/api/chat",
      body: {
        model: "scripted:latest",
        messages: [{ role: "user", content: "Hello there." }],
        stream: true,
        think: false,
        truncate: false,
        keep_alive: -1,
        options: { num_ctx: 512, num_predict: 7 },
      },
    });
  });
});

test("text that came along with what made its reader give up is counted, and not handed on", async () => {
  const dispatcher = await connect(inOneWrite(saying("one two three")));
  const giveUp = new AbortController();
  let heard = "";
  const { promise: counted, resolve } = Promise.withResolvers<number>();
  const events = { sent() {}, done() {}, failed() {} };
  const text = (piece: string): void => {
    heard += piece;
    giveUp.abort();
  };
  streamChat(
    dispatcher,
    BODY,
    giveUp.signal,
    { ...events, text },
    {
      clock,
      onTextAfterCancel: resolve,
    },
  );
  expect(await counted).toBe(2);
  expect(heard).toBe("one");
});

describe("an answer that is done", () => {
  test("and does not end is closed after a second, and no socket is left", async () => {
    const dispatcher = await connect(MOODS.doneWithoutEnd);
    const { heard, over } = listen(dispatcher, new AbortController().signal);
    await over;
    expect(ollama?.books).toMatchObject({ inFlight: 1, sockets: 1 });
    clock.advance(1_000);
    await vi.waitFor(() => expect(ollama?.books).toMatchObject({ inFlight: 0, sockets: 0 }));
    expect(heard).toMatchObject({ text: "Mind the", done: [{}], failed: [] });
  });

  test("and ends leaves no timer behind, and its socket to the next", async () => {
    const dispatcher = await connect(MOODS.plain);
    await listen(dispatcher, new AbortController().signal).over;
    await vi.waitFor(() => expect(clock.pending).toBe(0));
    await listen(dispatcher, new AbortController().signal).over;
    expect(ollama?.books.socketsOpened).toBe(1);
  });
});
