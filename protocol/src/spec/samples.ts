import type { Down } from "../down.ts";
import { LIMITS } from "../limits.ts";
import type { Up } from "../up.ts";

export interface Sample {
  readonly name: string;
  readonly value: Up | Down;
}

const session = Buffer.from("000102030405060708090a0b0c0d0e0f", "hex");
const nobody = { room: null, line: null, scene: null };
const MAX = 0xffff_ffff;

const mira = {
  room: 1,
  character: "mira",
  name: "Mira",
  persona: "Mira keeps the tavern. She is dry and kind.",
  fallbacks: ["Later, friend.", "One moment."],
  closers: ["… where was I?"],
};

const plainCue = {
  kind: "cue",
  room: 1,
  line: 1,
  candidates: [["mira", 0, 255]],
  remainingMs: 180,
  priority: "nearby",
  player: null,
  said: null,
  event: "A player entered.",
  context: [],
  supersedes: null,
} satisfies Up;

/** Sound messages: at least one of every type, and those at the edges of what is allowed. */
export const UP_SAMPLES: readonly (Sample & { readonly value: Up })[] = [
  {
    name: "hello for a new session",
    value: { kind: "hello", minor: 0, capabilities: [], client: "tavern 1.0", session: null },
  },
  {
    name: "hello that goes on with a session",
    value: { kind: "hello", minor: 7, capabilities: ["resume", "later"], client: "c", session },
  },
  { name: "roomOpen", value: { kind: "roomOpen", room: 1, worldKey: "tavern" } },
  {
    name: "roomOpen at its edges",
    value: { kind: "roomOpen", room: MAX, worldKey: "ü".repeat(LIMITS.MAX_ID_BYTES / 2) },
  },
  { name: "roomClose", value: { kind: "roomClose", room: 0 } },
  { name: "characterRegister", value: { kind: "characterRegister", ...mira } },
  {
    name: "characterRegister without closers",
    value: { kind: "characterRegister", ...mira, fallbacks: ["Hm."], closers: [] },
  },
  { name: "characterUpdate", value: { kind: "characterUpdate", ...mira, name: "Old Mira" } },
  { name: "characterForget", value: { kind: "characterForget", room: 1, character: "mira" } },
  { name: "cue for one character", value: plainCue },
  {
    name: "cue with everything",
    value: {
      kind: "cue",
      room: 2,
      line: MAX,
      candidates: [
        ["mira", 120, 255],
        ["bram", MAX, 0],
      ],
      remainingMs: LIMITS.MAX_BUDGET_MS,
      priority: "reply",
      player: ["p-17", "Ann"],
      said: "What is on tap? 🍺",
      event: "Ann sits down.",
      context: ["It is late.", "It rains."],
      supersedes: 3,
    },
  },
  {
    name: "cue with sixteen candidates",
    value: {
      ...plainCue,
      priority: "ambient",
      candidates: Array.from({ length: 16 }, (_, i) => [`extra-${i}`, i * 100, 255 - i]),
    },
  },
  { name: "cancel", value: { kind: "cancel", line: 1 } },
  { name: "heard", value: { kind: "heard", line: 1, player: "p-17", offset: 12 } },
  {
    name: "outcome of a model line",
    value: {
      kind: "outcome",
      line: 1,
      room: 1,
      character: "mira",
      priority: "reply",
      source: "model",
      ttftUs: 113_250,
      budgetMs: 200,
      roomStall: false,
      withdrawn: false,
    },
  },
  {
    name: "outcome of a line that the room withdrew",
    value: {
      kind: "outcome",
      line: 3,
      room: 1,
      character: "mira",
      priority: "ambient",
      source: "none",
      ttftUs: null,
      budgetMs: 200,
      roomStall: false,
      withdrawn: true,
    },
  },
  {
    name: "sceneStart",
    value: {
      kind: "sceneStart",
      room: 1,
      scene: 5,
      characters: ["mira", "bram"],
      topic: "the price of stout",
      context: ["It is late."],
      maxLines: 6,
    },
  },
  { name: "sceneStop", value: { kind: "sceneStop", scene: 5 } },
  {
    name: "resume",
    value: {
      kind: "resume",
      lines: [
        [1, 12],
        [3, 0],
        [5, null],
      ],
      more: false,
    },
  },
  { name: "resume of nothing, more to come", value: { kind: "resume", lines: [], more: true } },
  { name: "ping", value: { kind: "ping", nonce: 1 } },
  { name: "pong", value: { kind: "pong", nonce: MAX } },
  {
    name: "error",
    value: { kind: "error", code: "unknown_type", message: "type 99", ...nobody },
  },
];

export const DOWN_SAMPLES: readonly (Sample & { readonly value: Down })[] = [
  {
    name: "welcome",
    value: {
      kind: "welcome",
      minor: 0,
      capabilities: [],
      server: "banterwire 0.1.0",
      session,
      epoch: 3_735_928_559,
      resumed: false,
      resumeWindowMs: 0,
      ttftBudgetMs: 200,
      heartbeatMs: 10_000,
      maxRooms: 256,
      maxCharactersPerRoom: 256,
      maxLinesPerRoom: 64,
      maxLines: 1_024,
      maxCuesPerSecondPerRoom: 50,
      maxCuesPerSecondPerGame: 1_000,
    },
  },
  {
    name: "lineBegin",
    value: {
      kind: "lineBegin",
      line: 1,
      room: 1,
      character: "mira",
      source: "model",
      scene: null,
    },
  },
  {
    name: "lineBegin in a scene",
    value: {
      kind: "lineBegin",
      line: 2,
      room: 1,
      character: "bram",
      source: "fallback",
      scene: 5,
    },
  },
  { name: "delta", value: { kind: "delta", parts: [[1, 0, "Stout"]] } },
  {
    name: "delta of several lines",
    value: {
      kind: "delta",
      parts: [
        [1, 5, " and "],
        [3, 0, "🍺 Grüße"],
        [MAX, 4_095, "…"],
      ],
    },
  },
  {
    name: "delta of long text",
    value: { kind: "delta", parts: [[255, 256, "sixty-five thousand words ".repeat(12)]] },
  },
  {
    name: "lineEnd of a whole line",
    value: {
      kind: "lineEnd",
      line: 1,
      source: "model",
      reason: "complete",
      length: 42,
      displayMs: 2_471,
      spansUs: [120, 340, 0, 61_000, 18_500, 900, 812_000],
    },
  },
  {
    name: "lineEnd without text",
    value: {
      kind: "lineEnd",
      line: 3,
      source: "none",
      reason: "cancelled",
      length: 0,
      displayMs: 0,
      spansUs: [0, 0, 0, 0, 0, 0, 0],
    },
  },
  {
    name: "action",
    value: {
      kind: "action",
      line: 1,
      offset: 12,
      action: 0,
      name: "pour",
      arguments: { drink: "stout", pints: 2, litres: 1.136, cold: true, for: null },
    },
  },
  {
    name: "action without arguments",
    value: { kind: "action", line: 1, offset: 0, action: 1, name: "nod", arguments: {} },
  },
  {
    name: "flow",
    value: { kind: "flow", slow: true, waitingBytes: 300_000, maxWaitingBytes: 1_048_576 },
  },
  { name: "drain", value: { kind: "drain", closesInMs: 5_000 } },
  { name: "sceneEnd", value: { kind: "sceneEnd", scene: 5, reason: "complete", lines: 6 } },
  { name: "ping", value: { kind: "ping", nonce: 0 } },
  { name: "pong", value: { kind: "pong", nonce: 1 } },
  {
    name: "error about a line",
    value: {
      kind: "error",
      code: "too_many_lines",
      message: "at most 64 lines in a room",
      room: 1,
      line: 129,
      scene: null,
    },
  },
];
