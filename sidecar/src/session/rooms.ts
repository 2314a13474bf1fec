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
import { type Allowance, type AllowanceKey, weightOfCharacter, weightOfRoom } from "./allowance.ts";

/** Where lines come from, and where characters are known beforehand. */
export interface SessionUpstream extends Upstream {
  /** Keeps a character's prefix prefilled, wherever its lines come from; returns how to stop that. */
  keepWarm(character: string, prefix: (style: PromptStyle) => ChatMessage): () => void;
}

export interface RoomsParts {
  readonly upstream: SessionUpstream;
  readonly limits: ConnectionLimits;
  /** What all of them may weigh. */
  readonly allowance: Allowance;
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
  readonly bytes: number;
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

  /** Returns the setting by which there is no place for it, if so. */
  open(id: number, worldKey: string): AllowanceKey | undefined {
    const { allowance, clock, connection, limits, observe } = this.#parts;
    const bytes = weightOfRoom(worldKey);
    const excess = allowance.excessOf(bytes);
    if (excess) return excess;
    allowance.take(bytes);
    const rate = new RateLimit(limits.maxCuesPerSecondPerRoom, clock.nowMs());
    this.#rooms.set(id, { worldKey, characters: new Map(), lines: new Set(), rate });
    observe({ kind: "roomOpened", connection, room: id, worldKey });
    return undefined;
  }

  /** Cools its characters; its lines are the caller's. */
  close(id: number): void {
    const room = this.#rooms.get(id);
    if (!room) return;
    this.#rooms.delete(id);
    const { allowance, connection, observe } = this.#parts;
    allowance.take(-weightOfRoom(room.worldKey));
    for (const { cool, bytes } of room.characters.values()) {
      allowance.take(-bytes);
      cool();
    }
    observe({ kind: "roomClosed", connection, room: id });
  }

  /**
   * Puts a character into its room, as its card wants it if there is one. Returns the setting by
   * which there is no place for it, if so; what the room had of it stays.
   */
  cast(registration: CharacterRegister | CharacterUpdate): AllowanceKey | undefined {
    const { allowance, cards } = this.#parts;
    const { characters } = this.#rooms.get(registration.room) ?? {};
    const before = characters?.get(registration.character)?.bytes ?? 0;
    const card = cards().get(registration.character);
    const excess = allowance.excessOf(weightOfCharacter(registration, card) - before);
    if (!excess && characters) this.#put(characters, registration, card);
    return excess;
  }

  #put(
    characters: Map<string, RoomCharacter>,
    registration: CharacterRegister | CharacterUpdate,
    card: Card | undefined,
  ): void {
    const bytes = weightOfCharacter(registration, card);
    const character = new Character(registration, card);
    // The new one first: a prefix that stays the same stays warm.
    const cool = this.#parts.upstream.keepWarm(character.id, (style) => prefixOf(character, style));
    this.#remove(characters, registration.character);
    this.#parts.allowance.take(bytes);
    characters.set(registration.character, { registration, card, character, cool, bytes });
  }

  forget(room: number, character: string): void {
    const { characters } = this.#rooms.get(room) ?? {};
    if (characters) this.#remove(characters, character);
  }

  #remove(characters: Map<string, RoomCharacter>, id: string): void {
    const character = characters.get(id);
    if (!character) return;
    characters.delete(id);
    this.#parts.allowance.take(-character.bytes);
    character.cool();
  }

  /** The cards have changed: lines that are open keep what they began with. */
  recast(): void {
    for (const room of this.#rooms.values()) {
      for (const { registration, card } of room.characters.values().toArray()) {
        const now = this.#parts.cards().get(registration.character);
        if (!isDeepStrictEqual(now, card)) this.#put(room.characters, registration, now);
      }
    }
  }
}
