import { type Cue, LIMITS, systemClock } from "@banterwire/protocol";
import { NO_CARDS } from "../config/card.ts";
import { DEFAULT_CONFIG, limitsOf, MAX_WAITING_CUES, MIN_PROMPT_SIMILARITY } from "../config.ts";
import { unobserved } from "../happening.ts";
import { RateLimit } from "../policy/rate.ts";
import { SessionTable } from "../session/session-table.ts";
import type { SessionPeer } from "../session/session-state.ts";
import type { Session } from "../session.ts";
import { SlotDesk } from "../upstream/slot-desk.ts";
import type { GenerationRequest, SlotRequest, Upstream } from "../upstream/upstream.ts";

const SLOTS = 4;
const CHARACTERS_PER_ROOM = 10;
const GENERATION = {
  stoppedBy: "stop",
  loadMs: 0,
  prefillMs: 0,
  promptTokens: 200,
  tokens: 1,
} as const;
const NO_LIMIT = 1e9;
const NOBODY: SessionPeer = {
  lines: { begin: () => {}, delta: () => {}, end: () => {} },
  send: () => {},
  taken: () => {},
};

/**
 * What a cue passes from its decoding to the decision to send it, with an engine that answers at
 * once and so many characters in rooms of ten.
 */
export class DecisionStage {
  readonly #session: Session;
  readonly #characters: number;
  readonly #desk = new SlotDesk({
    slots: SLOTS,
    maxWaiting: MAX_WAITING_CUES,
    zombieHoldMs: 0,
    cache: { memoryChars: 1_000_000, minSimilarity: MIN_PROMPT_SIMILARITY },
    clock: systemClock,
    onVain: () => {},
    isLoadAtStake: () => false,
  });
  #granted: { readonly request: GenerationRequest; readonly atMs: number } | undefined;
  #lines = -1;

  constructor(characters: number) {
    this.#characters = characters;
    const limits = limitsOf({
      ...DEFAULT_CONFIG,
      maxRooms: NO_LIMIT,
      maxLines: NO_LIMIT,
      maxCuesPerSecondPerRoom: NO_LIMIT,
    });
    const table = new SessionTable({
      upstream: {
        ...this.#upstream(),
        keepWarm: (_character, prefix) => this.#keep(prefix("instructed").content),
      },
      cards: () => NO_CARDS,
      clock: systemClock,
      observe: unobserved,
      gameRate: new RateLimit(NO_LIMIT, systemClock.nowMs()),
      limits: () => limits,
      memory: () => DEFAULT_CONFIG,
      resumeWindowMs: () => 0,
      maxDetached: () => 0,
    });
    const client = { game: undefined, connection: 1, resumable: false };
    this.#session = table.begin(NOBODY, client).session;
    for (let index = 0; index < characters; index++) this.#register(index);
  }

  /** Carries out a cue; returns from when to when the decision to send it took, `performance.now`. */
  cue(index: number): { readonly fromMs: number; readonly toMs: number } {
    const cue = this.#cueOf(index % this.#characters);
    const fromMs = performance.now();
    this.#session.receive(cue);
    const granted = this.#granted;
    if (!granted) throw new Error("a cue was not sent at once");
    this.#granted = undefined;
    granted.request.events.text("Well.");
    granted.request.events.done(GENERATION);
    return { fromMs, toMs: granted.atMs };
  }

  #register(index: number): void {
    const room = Math.floor(index / CHARACTERS_PER_ROOM);
    if (index % CHARACTERS_PER_ROOM === 0) {
      this.#session.receive({ kind: "roomOpen", room, worldKey: `room ${room}` });
    }
    this.#session.receive({
      kind: "characterRegister",
      room,
      character: `npc${index}`,
      name: `npc${index}`,
      // As long as a short card's, and nobody else's.
      persona: `${index} keeps the bar and knows each guest by name. `.repeat(12),
      fallbacks: ["One moment."],
      closers: [],
    });
  }

  /** Of a player who stands among all the characters of a room, nearest to one. */
  #cueOf(index: number): Cue {
    const room = Math.floor(index / CHARACTERS_PER_ROOM);
    const inRoom = Math.min(CHARACTERS_PER_ROOM, this.#characters - room * CHARACTERS_PER_ROOM);
    return {
      kind: "cue",
      room,
      line: (this.#lines += 2),
      candidates: Array.from({ length: inRoom }, (_, place) => [
        `npc${room * CHARACTERS_PER_ROOM + place}`,
        100 + Math.abs(room * CHARACTERS_PER_ROOM + place - index),
        255,
      ]),
      // A machine that stands still for a moment is not what is asked about.
      remainingMs: LIMITS.MAX_BUDGET_MS,
      priority: "reply",
      player: ["p1", "Ana"],
      said: "What is new?",
      event: null,
      context: [],
      supersedes: null,
    };
  }

  #upstream(): Upstream {
    const dispatch = (request: GenerationRequest): void => {
      this.#granted = { request, atMs: performance.now() };
    };
    return {
      promptStyle: "instructed",
      unavailable: undefined,
      charsAfter: (prefix, { deadlineMs }) => this.#desk.charsAfter(prefix, deadlineMs),
      request: (wish: SlotRequest) => this.#desk.request(wish, dispatch),
    };
  }

  #keep(prefix: string): () => void {
    this.#desk.warmth.keep(prefix);
    return () => this.#desk.warmth.drop(prefix);
  }
}
