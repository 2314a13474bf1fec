import type { Line, LineResult } from "@banterwire/protocol/client";
import { type Client, ClientArray, ClientState } from "@colyseus/core";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Broadcast, FLUSH_MS } from "./broadcast.ts";
import { MAX_CLIENT_BUFFERED_BYTES, RESYNC_BUFFERED_BYTES } from "./keeping-up.ts";

interface FakeClient {
  readonly sessionId: string;
  state: ClientState;
  readonly ref: { bufferedAmount: number };
  readonly frames: Buffer[];
  enqueueRaw(frame: Buffer): void;
}

const RESULT: LineResult = {
  source: "model",
  reason: "complete",
  text: "",
  ttftMs: 12.4,
  budgetMs: 200,
  roomStall: false,
  displayMs: 1_500,
  spansUs: undefined,
};

let clients: ClientArray;
let troubles: string[];
let broadcast: Broadcast;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] });
  clients = new ClientArray();
  troubles = [];
  broadcast = new Broadcast({ clients }, (why) => troubles.push(why));
});

afterEach(() => {
  broadcast.close();
  vi.useRealTimers();
});

function join(sessionId: string, state: ClientState = ClientState.JOINED): FakeClient {
  const frames: Buffer[] = [];
  const ref = { bufferedAmount: 0 };
  const client = {
    sessionId,
    state,
    ref,
    frames,
    enqueueRaw: (frame: Buffer) => frames.push(frame),
  };
  clients.push(client as unknown as Client);
  return client;
}

function line(id: number, character = "mira"): Line {
  const state = { name: "speaking", source: "model", length: 0 };
  return { id, character, state } as unknown as Line;
}

/** Lets microtasks run; timers stand still. */
async function settle(): Promise<void> {
  await Promise.resolve();
}

test("the first text of a line goes at once, to all, encoded once", async () => {
  const [ada, bob] = [join("ada"), join("bob")];
  broadcast.text(line(1), 0, "Well");
  await settle();
  expect(ada.frames).toHaveLength(1);
  expect(bob.frames[0]).toBe(ada.frames[0]);
});

test("later text of all lines waits, and is one frame", async () => {
  const ada = join("ada");
  const [one, two] = [line(1), line(2, "tom")];
  broadcast.text(one, 0, "Well");
  broadcast.text(two, 0, "Eh");
  await settle();
  expect(ada.frames).toHaveLength(1);
  for (const text of [" met", ", friend"]) {
    broadcast.text(one, 4, text);
    broadcast.text(two, 2, text);
  }
  await settle();
  vi.advanceTimersByTime(FLUSH_MS - 1);
  expect(ada.frames).toHaveLength(1);
  vi.advanceTimersByTime(1);
  expect(ada.frames).toHaveLength(2);
  expect(String(ada.frames[1]).match(/ met, friend/g)).toHaveLength(2);
});

test("a line that begins and ends at once is one frame", async () => {
  const ada = join("ada");
  broadcast.text(line(1), 0, "Hm?");
  broadcast.end(line(1), RESULT);
  await settle();
  vi.advanceTimersByTime(10 * FLUSH_MS);
  expect(ada.frames).toHaveLength(1);
  expect(String(ada.frames[0])).toContain("complete");
});

test("the timer runs while a line is open, and no longer", async () => {
  expect(vi.getTimerCount()).toBe(0);
  broadcast.text(line(1), 0, "Well");
  await settle();
  vi.advanceTimersByTime(100 * FLUSH_MS);
  expect(vi.getTimerCount()).toBe(1);
  broadcast.end(line(1), RESULT);
  vi.advanceTimersByTime(2 * FLUSH_MS);
  expect(vi.getTimerCount()).toBe(0);
});

test("a slow client is passed over, and is told everything when it has caught up", async () => {
  const [slow, quick] = [join("slow"), join("quick")];
  broadcast.text(line(1), 0, "One");
  await settle();
  slow.ref.bufferedAmount = MAX_CLIENT_BUFFERED_BYTES + 1;
  broadcast.text(line(1), 3, " two");
  vi.advanceTimersByTime(FLUSH_MS);
  broadcast.text(line(1), 7, " three");
  vi.advanceTimersByTime(FLUSH_MS);
  expect([slow.frames.length, quick.frames.length]).toEqual([1, 3]);
  slow.ref.bufferedAmount = RESYNC_BUFFERED_BYTES + 1;
  vi.advanceTimersByTime(FLUSH_MS);
  expect(slow.frames).toHaveLength(1);
  slow.ref.bufferedAmount = RESYNC_BUFFERED_BYTES;
  vi.advanceTimersByTime(FLUSH_MS);
  expect(quick.frames).toHaveLength(3);
  expect(String(slow.frames[1])).toContain("One two three");
});

test("nothing piles up for a client that never completes its join", async () => {
  const joining = join("joining", ClientState.JOINING);
  broadcast.joined(joining as unknown as Client);
  for (let id = 1; id < 20; id++) {
    broadcast.text(line(id), 0, "Well");
    await settle();
  }
  expect(joining.frames).toHaveLength(0);
  joining.state = ClientState.JOINED;
  vi.advanceTimersByTime(FLUSH_MS);
  expect(joining.frames).toHaveLength(1);
});

test("one who joins a room where nobody has spoken is sent nothing", () => {
  const ada = join("ada");
  broadcast.joined(ada as unknown as Client);
  vi.advanceTimersByTime(2 * FLUSH_MS);
  expect(ada.frames).toHaveLength(0);
});

test("however often a client asks for a sync, it gets one a flush", () => {
  const ada = join("ada");
  for (let times = 0; times < 1_000; times++) broadcast.sync(ada as unknown as Client);
  vi.advanceTimersByTime(FLUSH_MS);
  expect(ada.frames).toHaveLength(1);
});

test("one who left is owed nothing, and keeps no timer alive", () => {
  const ada = join("ada", ClientState.JOINING);
  broadcast.sync(ada as unknown as Client);
  clients.delete(ada as unknown as Client);
  vi.advanceTimersByTime(2 * FLUSH_MS);
  expect(vi.getTimerCount()).toBe(0);
});

test("a client whose socket throws keeps nobody else from hearing", async () => {
  const broken = join("broken");
  broken.enqueueRaw = () => {
    throw new Error("socket gone");
  };
  const ada = join("ada");
  broadcast.text(line(1), 0, "Well");
  await settle();
  expect(ada.frames).toHaveLength(1);
  expect(troubles).toEqual([expect.stringContaining("socket gone")]);
});

test("after close nothing is sent and no timer runs", async () => {
  const ada = join("ada");
  broadcast.text(line(1), 0, "Well");
  broadcast.close();
  broadcast.end(line(1), RESULT);
  await settle();
  vi.advanceTimersByTime(2 * FLUSH_MS);
  expect([ada.frames.length, vi.getTimerCount()]).toEqual([0, 0]);
});
