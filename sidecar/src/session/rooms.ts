import { isDeepStrictEqual } from "node:util";
import type { CharacterRegister, CharacterUpdate, Clock } from "@banterwire/protocol";
import { Character } from "../characters/character.ts";
import { prefixOf } from "../characters/prompt.ts";
import type { ChatMessage, PromptStyle } from "../chat.ts";
import type { ConnectionLimits } from "../config.ts";
import type { Card, Cards } from "../config/card.ts";
import type { Observe } from "../happening.ts";
import { RateLimit } from "../policy/rate.ts";
import type { Upstream } from "../upstream/upstream.ts";

/** Where lines come from, and where characters are known beforehand. */
export interface SessionUpstream extends Upstream {
  /** Keeps a character's prefix prefilled, wherever its lines come from; returns how to stop that. */
  keepWarm(character: string, prefix: (style: PromptStyle) => ChatMessage): () => void;
}

export interface RoomsParts {
  readonly upstream: SessionUpstream;
  readonly limits: ConnectionLimits;
  /** The cards of the moment. */
  readonly cards: () => Cards;
  readonly clock: Clock;
  /** Names the session in what is observed. */
  readonly connection: number;
  readonly observe: Observe;
}

export interface Room {
  readonly worldKey: string;
  readonly characters: ReadonlyMap<string, { readonly character: Character }>;
  /** The ids of its open lines. */
  readonly lines: Set<number>;
  readonly rate: RateLimit;
}

interface OwnRoom extends Room {
  readonly characters: Map<string, RoomCharacter>;
}

interface RoomCharacter {
  /** As the room has it; a card may replace parts of it. */
  readonly registration: CharacterRegister | CharacterUpdate;
  readonly card: Card | undefined;
  readonly character: Character;
  readonly cool: () => void;
}

/** The rooms of one session, and their characters. */
export class Rooms {
  readonly #parts: RoomsParts;
  readonly #rooms = new Map<number, OwnRoom>();

  constructor(parts: RoomsParts) {
    this.#parts = parts;
  }

  get size(): number {
    return this.#rooms.size;
  }

  get ids(): readonly number[] {
    return this.#rooms.keys().toArray();
  }

  get(id: number): Room | undefined {
    return this.#rooms.get(id);
  }

  open(id: number, worldKey: string): void {
    const { clock, connection, limits, observe } = this.#parts;
    const rate = new RateLimit(limits.maxCuesPerSecondPerRoom, clock.nowMs());
    this.#rooms.set(id, { worldKey, characters: new Map(), lines: new Set(), rate });
    observe({ kind: "roomOpened", connection, room: id, worldKey });
  }

  /** Cools its characters; its lines are the caller's. */
  close(id: number): void {
    const room = this.#rooms.get(id);
    if (!room) return;
    this.#rooms.delete(id);
    for (const { cool } of room.characters.values()) cool();
    const { connection, observe } = this.#parts;
    observe({ kind: "roomClosed", connection, room: id });
  }

  /** Puts a character into its room, as its card wants it if there is one. */
  cast(registration: CharacterRegister | CharacterUpdate): void {
    const { characters } = this.#rooms.get(registration.room) ?? {};
    if (!characters) return;
    const card = this.#parts.cards().get(registration.character);
    const character = new Character(registration, card);
    // The new one first: a prefix that stays the same stays warm.
    const cool = this.#parts.upstream.keepWarm(character.id, (style) => prefixOf(character, style));
    characters.get(registration.character)?.cool();
    characters.set(registration.character, { registration, card, character, cool });
  }

  forget(room: number, character: string): void {
    const { characters } = this.#rooms.get(room) ?? {};
    characters?.get(character)?.cool();
    characters?.delete(character);
  }

  /** The cards have changed: lines that are open keep what they began with. */
  recast(): void {
    for (const room of this.#rooms.values()) {
      for (const { registration, card } of room.characters.values().toArray()) {
        const now = this.#parts.cards().get(registration.character);
        if (!isDeepStrictEqual(now, card)) this.cast(registration);
      }
    }
  }
}
