import { Duplex } from "node:stream";
import { setImmediate as nextTurn } from "node:timers/promises";
import { FakeClock } from "@banterwire/protocol/testing";
import { expect, test, vi } from "vitest";
import { MAX_BYTES_AFTER_CLOSE, MAX_FRAMES_PER_TURN, readIncoming } from "./incoming.ts";
import { Turns } from "./turns.ts";

/** A masked message without payload: no frame is smaller. */
const TINY = Buffer.of(0x82, 0x80, 0, 0, 0, 0);
/** Frames in one piece of bytes beyond the last one that was to be read. */
const SLACK = 512 / TINY.length;

interface Reading {
  readonly raw: Duplex;
  readonly clock: FakeClock;
  /** What the WebSocket was given so far. */
  readonly bytes: () => Buffer;
}

function reading(
  framesPerSecond: number,
  { isClosing = false, ...own }: { isClosing?: boolean; clock?: FakeClock; turns?: Turns } = {},
): Reading {
  const clock = own.clock ?? new FakeClock();
  const turns = new Turns({ clock, share: 1, maxCreditMs: 1, hasOpenLines: () => true });
  const raw = new Duplex({ read() {}, write: (_chunk, _encoding, done) => done() });
  const pieces: Buffer[] = [];
  raw.on("data", (piece: Buffer) => pieces.push(piece));
  readIncoming({
    raw,
    clock,
    turns: own.turns ?? turns,
    messageTimeoutMs: 5_000,
    framesPerSecond,
    isClosing: () => isClosing,
    unfinished: () => {},
  });
  return { raw, clock, bytes: () => Buffer.concat(pieces) };
}

test("a flood is read in portions, one in a turn, and whole in the end", async () => {
  const { raw, bytes } = reading(1_000_000);
  const flood = Buffer.concat(Array.from({ length: 5_000 }, () => TINY));
  raw.push(flood);
  let turns = 0;
  for (let before = 0; before < flood.length; before = bytes().length) {
    await nextTurn();
    turns++;
    const frames = (bytes().length - before) / TINY.length;
    expect(frames).toBeLessThanOrEqual(2 * (MAX_FRAMES_PER_TURN + SLACK));
  }
  expect(turns).toBeGreaterThan(5);
  expect(bytes().equals(flood)).toBe(true);
});

test("who takes long and has sent no more does not wait for a turn", async () => {
  const { raw, clock, bytes } = reading(1_000_000);
  raw.on("data", () => clock.block(1));
  for (const count of [1, 2]) {
    raw.push(TINY);
    // It is read within this turn.
    await new Promise((resolve) => process.nextTick(resolve));
    expect(bytes()).toHaveLength(count * TINY.length);
  }
});

test("who takes long and has sent more is read on in later turns", async () => {
  const { raw, clock, bytes } = reading(1_000_000);
  raw.on("data", () => clock.block(1));
  raw.push(Buffer.concat(Array.from({ length: 3 }, () => Buffer.concat(Array(100).fill(TINY)))));
  await new Promise((resolve) => process.nextTick(resolve));
  expect(bytes()).toHaveLength(512);
  await vi.waitFor(() => expect(bytes()).toHaveLength(300 * TINY.length));
});

test("one large frame is read at once, however many pieces it takes", async () => {
  const { raw, bytes } = reading(10);
  const header = Buffer.of(0x82, 0xff, 0, 0, 0, 0, 0, 0, 0xff, 0xf0, 0, 0, 0, 0);
  const frame = Buffer.concat([header, Buffer.alloc(0xfff0, 7)]);
  raw.push(frame);
  await vi.waitFor(() => expect(bytes().equals(frame)).toBe(true));
});

test("what comes faster than its pace is left where it is until its time", async () => {
  const { raw, clock, bytes } = reading(100);
  raw.push(Buffer.concat(Array.from({ length: 2_000 }, () => TINY)));
  // Its pause, and the time for a frame of which a part is read.
  await vi.waitFor(() => expect(clock.pending).toBeGreaterThan(0));
  const read = bytes().length;
  await nextTurn();
  await nextTurn();
  expect(bytes()).toHaveLength(read);
  clock.advance(60_000);
  await vi.waitFor(() => expect(bytes().length).toBeGreaterThan(read));
});

test("of two whose pauses end together one is read in a turn", async () => {
  const clock = new FakeClock();
  const turns = new Turns({ clock, share: 1, maxCreditMs: 1, hasOpenLines: () => true });
  const two = [reading(100, { clock, turns }), reading(100, { clock, turns })];
  for (const { raw } of two) raw.push(Buffer.concat(Array.from({ length: 2_000 }, () => TINY)));
  // Their pauses, and the times for frames of which a part is read.
  await vi.waitFor(() => expect(clock.pending).toBeGreaterThan(2));
  const read = (): number[] => two.map(({ bytes }) => bytes().length);
  const before = read();
  clock.block(1_500);
  clock.check();
  expect(read()).toEqual(before);
  await nextTurn();
  expect(read().filter((bytes, index) => bytes > before[index]!)).toHaveLength(1);
});

test("the end of the stream comes after all that was sent before it", async () => {
  const { raw, bytes } = reading(1_000_000);
  const flood = Buffer.concat(Array.from({ length: 1_000 }, () => TINY));
  let atEnd = -1;
  raw.on("end", () => (atEnd = bytes().length));
  raw.push(flood);
  raw.push(null);
  await vi.waitFor(() => expect(atEnd).toBe(flood.length));
});

test("a stream that is torn down leaves nothing on the clock", async () => {
  const { raw, clock } = reading(100);
  raw.push(Buffer.concat(Array.from({ length: 2_000 }, () => TINY)));
  await vi.waitFor(() => expect(clock.pending).toBeGreaterThan(0));
  raw.destroy();
  await vi.waitFor(() => expect(clock.pending).toBe(0));
});

test("who goes on sending after the close is cut off, and who stops is not", async () => {
  const { raw, bytes } = reading(1_000_000, { isClosing: true });
  const header = Buffer.of(0x82, 0xff, 0, 0, 0, 0, 0, 0x10, 0, 0, 0, 0, 0, 0);
  const most = Buffer.concat([header, Buffer.alloc(MAX_BYTES_AFTER_CLOSE - header.length)]);
  raw.push(most);
  await vi.waitFor(() => expect(bytes().equals(most)).toBe(true));
  expect(raw.destroyed).toBe(false);
  raw.push(Buffer.alloc(1));
  await vi.waitFor(() => expect(raw.destroyed).toBe(true));
});
