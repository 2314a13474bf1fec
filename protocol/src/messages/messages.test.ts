import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { CODES } from "../codes.ts";
import { assertSendable, decodeDown, decodeUp, encode } from "../codec.ts";
import { DOWN, type Down } from "../down.ts";
import { PRIORITIES, REASONS, SOURCES } from "../fields.ts";
import { LIMITS } from "../limits.ts";
import { UP, type Up } from "../up.ts";
import { SCENE_REASONS } from "./scene-end.ts";

type Any = Up | Down;
type OfKind<K extends Any["kind"]> = Extract<Any, { kind: K }>;

const uint32 = fc.oneof(fc.nat(0x1ff), fc.integer({ min: 0, max: 0xffff_ffff }));
const positive = uint32.map((value) => Math.max(1, value));
const oddLine = uint32.map((value) => (value | 1) >>> 0);

/** Text of any script, of at most `maxBytes` bytes of UTF-8. */
function text(maxBytes: number, minLength = 1): fc.Arbitrary<string> {
  const maxLength = Math.min(200, Math.floor(maxBytes / 4));
  return fc.string({ unit: "binary", minLength, maxLength }).map((value) => value.toWellFormed());
}

const id = text(LIMITS.MAX_ID_BYTES);
const authored = fc.array(text(LIMITS.MAX_AUTHORED_LINE_BYTES), { maxLength: 4 });
const facts = fc.array(text(LIMITS.MAX_EVENT_BYTES), { maxLength: LIMITS.MAX_CONTEXT_FACTS });
const source = fc.constantFrom(...SOURCES);
const priority = fc.constantFrom(...PRIORITIES);
const capabilities = fc.array(id, { maxLength: LIMITS.MAX_CAPABILITIES });
const session = fc
  .uint8Array({ minLength: LIMITS.SESSION_BYTES, maxLength: LIMITS.SESSION_BYTES })
  .map((bytes) => Buffer.from(bytes));

const character = {
  room: uint32,
  character: id,
  name: id,
  persona: text(LIMITS.MAX_PERSONA_BYTES),
  fallbacks: authored.filter((lines) => lines.length > 0),
  closers: authored,
};

const argument = fc.oneof(
  fc.constant(null),
  fc.boolean(),
  uint32,
  // A -0 arrives as 0.
  fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => value + 0),
  text(LIMITS.MAX_ACTION_ARGUMENT_BYTES, 0),
);

type FieldsOf<K extends Any["kind"]> = {
  [P in keyof Omit<OfKind<K>, "kind">]: fc.Arbitrary<OfKind<K>[P]>;
};

const FIELDS: { [K in Any["kind"]]: FieldsOf<K> } = {
  hello: { minor: uint32, capabilities, client: id, session: fc.option(session) },
  roomOpen: { room: uint32, worldKey: id },
  roomClose: { room: uint32 },
  characterRegister: character,
  characterUpdate: character,
  characterForget: { room: uint32, character: id },
  cue: {
    room: uint32,
    line: oddLine,
    candidates: fc.array(fc.tuple(id, uint32, fc.nat(LIMITS.MAX_ATTENTION)), {
      minLength: 1,
      maxLength: LIMITS.MAX_CANDIDATES,
    }),
    remainingMs: fc.nat(LIMITS.MAX_BUDGET_MS),
    priority,
    player: fc.option(fc.tuple(id, id)),
    said: fc.option(text(LIMITS.MAX_SAID_BYTES)),
    event: fc.option(text(LIMITS.MAX_EVENT_BYTES)),
    context: facts,
    supersedes: fc.option(positive),
  },
  cancel: { line: positive },
  heard: { line: positive, player: id, offset: uint32 },
  outcome: {
    line: positive,
    room: uint32,
    character: id,
    priority,
    source,
    ttftUs: fc.option(uint32),
    budgetMs: fc.nat(LIMITS.MAX_BUDGET_MS),
    roomStall: fc.boolean(),
    withdrawn: fc.boolean(),
  },
  sceneStart: {
    room: uint32,
    scene: uint32,
    characters: fc.array(id, { minLength: 2, maxLength: LIMITS.MAX_CANDIDATES }),
    topic: text(LIMITS.MAX_EVENT_BYTES),
    context: facts,
    maxLines: fc.integer({ min: 1, max: LIMITS.MAX_SCENE_LINES }),
  },
  sceneStop: { scene: uint32 },
  resume: { lines: fc.array(fc.tuple(positive, fc.option(uint32))), more: fc.boolean() },
  ping: { nonce: uint32 },
  pong: { nonce: uint32 },
  error: {
    code: fc.constantFrom(...Object.keys(CODES)),
    message: text(LIMITS.MAX_ERROR_MESSAGE_BYTES, 0),
    room: fc.option(uint32),
    line: fc.option(positive),
    scene: fc.option(uint32),
  },
  welcome: {
    minor: uint32,
    capabilities,
    server: id,
    session,
    epoch: uint32,
    resumed: fc.boolean(),
    resumeWindowMs: uint32,
    ttftBudgetMs: positive,
    heartbeatMs: positive,
    maxRooms: uint32,
    maxCharactersPerRoom: uint32,
    maxLinesPerRoom: uint32,
    maxLines: uint32,
    maxCuesPerSecondPerRoom: positive,
    maxCuesPerSecondPerGame: positive,
  },
  lineBegin: { line: positive, room: uint32, character: id, source, scene: fc.option(uint32) },
  delta: {
    parts: fc.array(fc.tuple(positive, uint32, text(LIMITS.MAX_DELTA_BYTES)), {
      minLength: 1,
      maxLength: 20,
    }),
  },
  lineEnd: {
    line: positive,
    source,
    reason: fc.constantFrom(...REASONS),
    length: uint32,
    displayMs: uint32,
    spansUs: fc.tuple(uint32, uint32, uint32, uint32, uint32, uint32, uint32),
  },
  action: {
    line: positive,
    offset: uint32,
    action: uint32,
    name: id,
    arguments: fc.dictionary(
      id.filter((key) => key !== "__proto__"),
      argument,
      { maxKeys: LIMITS.MAX_ACTION_ARGUMENTS, noNullPrototype: true },
    ),
  },
  flow: { slow: fc.boolean(), waitingBytes: uint32, maxWaitingBytes: uint32 },
  drain: { closesInMs: uint32 },
  sceneEnd: { scene: uint32, reason: fc.constantFrom(...SCENE_REASONS), lines: uint32 },
};

/** Any sound message of one kind. */
function arbitrary<K extends Any["kind"]>(kind: K): fc.Arbitrary<OfKind<K>> {
  const value = fc.record({ kind: fc.constant(kind), ...FIELDS[kind] });
  return value as unknown as fc.Arbitrary<OfKind<K>>;
}

describe("every sound message", () => {
  it.each(UP.map(({ kind }) => kind))("of the kind %s goes up whole", (kind) => {
    fc.assert(
      fc.property(arbitrary(kind), (message) => {
        assertSendable(message);
        expect(decodeUp(encode(message))).toEqual(message);
      }),
    );
  });

  it.each(DOWN.map(({ kind }) => kind))("of the kind %s comes down whole", (kind) => {
    fc.assert(
      fc.property(arbitrary(kind), (message) => {
        assertSendable(message);
        expect(decodeDown(encode(message))).toEqual(message);
      }),
    );
  });

  it("has a type and a kind of its own in its direction", () => {
    for (const table of [UP, DOWN]) {
      expect(new Set(table.map(({ type }) => type)).size).toBe(table.length);
      expect(new Set(table.map(({ kind }) => kind)).size).toBe(table.length);
    }
  });
});
