import { LIMITS, PRIORITIES } from "@banterwire/protocol";
import { z } from "zod";
import { MAX_LINE_TOKENS, ZOMBIE_HOLD_MS } from "../config.ts";
import { MAX_ENDPOINTS, MAX_SLOTS } from "../config/endpoint-rows.ts";
import { DEFAULT_SETTINGS } from "../config/settings.ts";

/** A game of a thousand players for a day; what is longer says no more. */
const MAX_MINUTES = 1_440;
const MAX_PLAYERS = 1_000_000;
const MAX_ROOMS = 65_536;
const MAX_CHARACTERS = 4_096;
const MAX_PER_MINUTE = 100_000;
const MAX_PER_SECOND = 100_000;
const MAX_CUES_AT_ONCE = 10_000;
const MAX_LIST = 64;
const MAX_SECONDS = MAX_MINUTES * 60;
const MAX_TOKENS = 1_000_000;
const MAX_MS = 600_000;
const MIN_FLAP_SECONDS = 0.1;
const ENDPOINTS_DUE = `1 to ${MAX_ENDPOINTS} endpoints are due`;
/** Some minutes of work, and half a gigabyte of times. */
const MAX_CUES = 10_000_000;

const priority = z.enum(PRIORITIES, { error: `one of ${PRIORITIES.join(", ")} is due` });

/** Cues that come together, beside those of every day. */
const crowd = {
  cues: whole(1, MAX_CUES_AT_ONCE).default(8),
  withinMs: range(0, MAX_MS).default(1_000),
  priority: priority.default("nearby"),
};

const failure = z
  .discriminatedUnion(
    "kind",
    [
      /** The process is gone; it comes back without the model. */
      z.strictObject({ kind: z.literal("down"), ...span() }),
      /** Everything takes `factor` times as long. */
      z.strictObject({ kind: z.literal("slow"), ...span(), factor: range(1, 1_000) }),
      /** Another client has the model loaded anew; what is asked meanwhile waits. */
      z.strictObject({ kind: z.literal("reload"), ...span() }),
      /** Generations are taken and never answered. */
      z.strictObject({ kind: z.literal("wedge"), ...span() }),
      /** The process is gone, comes back, and is gone again. */
      z.strictObject({
        kind: z.literal("flap"),
        ...span(),
        downSeconds: range(MIN_FLAP_SECONDS, MAX_SECONDS).default(1),
        upSeconds: range(MIN_FLAP_SECONDS, MAX_SECONDS).default(4),
      }),
    ],
    { error: "a kind is due: down, slow, reload, wedge or flap" },
  )
  .refine(({ fromSeconds, toSeconds }) => fromSeconds < toSeconds, {
    error: "it must end after it begins: toSeconds above fromSeconds is due",
  });
export type Failure = z.infer<typeof failure>;

const latency = z.strictObject({
  /** Of a first token, beside what follows. */
  overheadMs: range(0, MAX_MS).default(75),
  /** For each token of the prompt that is not cached. */
  prefillMsPerToken: range(0, 1_000).default(0.15),
  decodeTokensPerSecond: range(0.1, 100_000).default(150),
  /** Of all times, as the sigma of a log-normal: 0.2 has two in three within a fifth. */
  spread: range(0, 2).default(0.15),
  /** By how much of itself a time grows with each generation beside it. */
  contention: range(0, 10).default(0.25),
  /** So many first tokens, 0 to 1, are later than that by `stragglerMs`. */
  stragglerShare: range(0, 1).default(0),
  stragglerMs: range(0, MAX_MS).default(500),
  /** To bring the model into memory. */
  loadMs: range(0, MAX_MS).default(4_000),
});
export type Latency = z.infer<typeof latency>;

const endpoint = z.strictObject({
  slots: whole(1, MAX_SLOTS).default(1),
  latency: latency.prefault({}),
  /** A CSV of measured calls, whose times take the place of `latency`'s, but for `loadMs`. */
  calls: z.string({ error: "the path of a CSV file is due" }).min(1).optional(),
  /** Prompts that the engine keeps beside those in its slots, tokens. */
  memoryTokens: whole(0, 100_000_000).default(200_000),
  /** How long the sidecar counts a cancelled slot as busy at most; what the engine does is its own affair. */
  zombieHoldMs: range(0, MAX_MS).default(ZOMBIE_HOLD_MS),
  /** The priorities that it is for; others stand in where those cannot. */
  serves: z
    .array(priority)
    .min(1, { error: `one or more of ${PRIORITIES.join(", ")} are due` })
    .default([...PRIORITIES]),
  /** The characters that it is for, from 0, in each room; those that no other one names if there are none. */
  characters: z
    .array(whole(0, MAX_CHARACTERS - 1))
    .max(MAX_CHARACTERS)
    .default([]),
  failures: z.array(failure).max(MAX_LIST).default([]),
});
export type EndpointScenario = z.infer<typeof endpoint>;

const scenarioObject = z.strictObject({
  players: whole(0, MAX_PLAYERS).default(40),
  rooms: whole(1, MAX_ROOMS).default(10),
  charactersPerRoom: whole(1, MAX_CHARACTERS).default(4),
  /** Different personas in all: rooms of one map have the same. As many as a room has, if absent. */
  personas: whole(1, MAX_CHARACTERS).optional(),
  minutes: range(0.01, MAX_MINUTES).default(10),
  seed: whole(0, 0xffff_ffff).default(1),
  budgetMs: whole(1, LIMITS.MAX_BUDGET_MS).default(200),
  /** Between game server and sidecar. */
  roundTripMs: range(0, 10_000).default(1),
  /** What a player says to a character, per player. */
  repliesPerPlayerMinute: range(0, MAX_PER_MINUTE).default(2),
  /** What happens near a player and is worth a remark, per player. */
  nearbyPerPlayerMinute: range(0, MAX_PER_MINUTE).default(1),
  /** What characters say to nobody, per room. */
  ambientPerRoomMinute: range(0, MAX_PER_MINUTE).default(1),
  /** At random moments, in one room each. */
  bursts: z
    .array(z.strictObject({ perMinute: range(0, MAX_PER_MINUTE), ...crowd }))
    .max(MAX_LIST)
    .default([]),
  /** At a set moment, in many rooms at once. */
  raids: z
    .array(
      z.strictObject({
        atSeconds: range(0, MAX_SECONDS),
        rooms: whole(1, MAX_ROOMS).default(200),
        ...crowd,
      }),
    )
    .max(MAX_LIST)
    .default([]),
  /** As in the sidecar's settings: a cue beyond them gets an authored line from the client itself. */
  maxCuesPerSecondPerRoom: whole(1, MAX_PER_SECOND).default(
    DEFAULT_SETTINGS.maxCuesPerSecondPerRoom,
  ),
  maxCuesPerSecondPerGame: whole(1, MAX_PER_SECOND).default(
    DEFAULT_SETTINGS.maxCuesPerSecondPerGame,
  ),
  prompt: z
    .strictObject({
      personaTokens: whole(1, MAX_TOKENS).default(200),
      cueTokens: whole(1, MAX_TOKENS).default(30),
    })
    .prefault({}),
  /** Tokens of a line, on average. */
  lineTokens: whole(1, MAX_LINE_TOKENS).default(24),
  endpoints: z
    .array(endpoint)
    .min(1, { error: ENDPOINTS_DUE })
    .max(MAX_ENDPOINTS, { error: ENDPOINTS_DUE })
    .prefault([{}]),
});

/** What is simulated: a game, its players' habits, and the endpoints that serve it. */
export const scenarioSchema = scenarioObject.superRefine((scenario, context) => {
  for (const [index, { rooms }] of scenario.raids.entries()) {
    if (rooms <= scenario.rooms) continue;
    const message = `as many as there are rooms (${scenario.rooms}) at most are due`;
    context.addIssue({ code: "custom", path: ["raids", index, "rooms"], message });
  }
  for (const [index, { characters }] of scenario.endpoints.entries()) {
    for (const [at, character] of characters.entries()) {
      if (character < scenario.charactersPerRoom) continue;
      const message = `a character of a room is due: less than charactersPerRoom, ${scenario.charactersPerRoom}`;
      context.addIssue({ code: "custom", path: ["endpoints", index, "characters", at], message });
    }
  }
  const cues = expectedCues(scenario);
  if (cues <= MAX_CUES) return;
  const message = `it makes some ${Math.round(cues)} cues, and ${MAX_CUES} at most are due`;
  context.addIssue({ code: "custom", path: [], message });
});
export type Scenario = z.infer<typeof scenarioObject>;

function expectedCues(scenario: Scenario): number {
  const { players, rooms, minutes, bursts, raids } = scenario;
  const { repliesPerPlayerMinute, nearbyPerPlayerMinute, ambientPerRoomMinute } = scenario;
  const perPlayer = repliesPerPlayerMinute + nearbyPerPlayerMinute;
  const single = players * perPlayer + rooms * ambientPerRoomMinute;
  const burst = bursts.reduce((sum, { perMinute, cues }) => sum + perMinute * cues, 0);
  const raid = raids.reduce((sum, { rooms, cues }) => sum + rooms * cues, 0);
  return minutes * (single + burst) + raid;
}

function whole(min: number, max: number) {
  const error = `a whole number from ${min} to ${max} is due`;
  return z.int({ error }).min(min, { error }).max(max, { error });
}

function range(min: number, max: number) {
  const error = `a number from ${min} to ${max} is due`;
  return z.number({ error }).min(min, { error }).max(max, { error });
}

function span() {
  return { fromSeconds: range(0, MAX_SECONDS), toSeconds: range(0, MAX_SECONDS) };
}
