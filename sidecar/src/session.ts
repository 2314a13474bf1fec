import { isDeepStrictEqual } from "node:util";
import type {
  CharacterRegister,
  CharacterUpdate,
  Clock,
  Code,
  Cue,
  Down,
  Up,
} from "@banterwire/protocol";
import { Character } from "./characters/character.ts";
import { prefixOf } from "./characters/prompt.ts";
import type { ChatMessage, PromptStyle } from "./chat.ts";
import type { Card, Cards } from "./config/card.ts";
import type { ConnectionLimits } from "./config.ts";
import type { Observe } from "./happening.ts";
import { type LineSink, SpokenLine } from "./line.ts";
import { RateLimit } from "./policy/rate.ts";
import { chooseSpeaker } from "./policy/route.ts";
import type { Upstream } from "./upstream/upstream.ts";

/** The endpoint of the moment: a reload of the configuration may change it. */
export interface SessionUpstream {
  /** Where a line that begins now comes from; it stays with it to its end. */
  readonly current: Upstream;
  /** Keeps a prefix prefilled, wherever lines come from; returns how to stop that. */
  keepWarm(prefix: (style: PromptStyle) => ChatMessage): () => void;
}

export interface SessionParts {
  readonly upstream: SessionUpstream;
  readonly limits: ConnectionLimits;
  /** The cards of the moment. */
  readonly cards: () => Cards;
  readonly clock: Clock;
  readonly sink: LineSink;
  /** Counted from 1 over the life of this sidecar. */
  readonly connection: number;
  readonly observe: Observe;
  /** Cues of all connections with this game's token. */
  readonly gameRate: RateLimit;
  send(message: Down): void;
}

/** What a client may send once it was welcomed, less what the connection answers itself. */
export type SessionMessage = Exclude<Up, { kind: "hello" | "ping" | "pong" | "error" }>;

interface Room {
  readonly worldKey: string;
  readonly characters: Map<string, RoomCharacter>;
  readonly lines: Set<number>;
  readonly rate: RateLimit;
}

interface RoomCharacter {
  /** As the room has it; a card may replace parts of it. */
  readonly registration: CharacterRegister | CharacterUpdate;
  readonly card: Card | undefined;
  readonly character: Character;
  readonly cool: () => void;
}

interface OpenLine {
  readonly line: SpokenLine;
  readonly cue: Cue;
}

/** What one connection has opened: its rooms, their characters, the lines that are not over. */
export class Session {
  readonly #parts: SessionParts;
  readonly #rooms = new Map<number, Room>();
  readonly #lines = new Map<number, OpenLine>();

  constructor(parts: SessionParts) {
    this.#parts = parts;
  }

  get rooms(): number {
    return this.#rooms.size;
  }

  get openLines(): number {
    return this.#lines.size;
  }

  receive(message: SessionMessage): void {
    switch (message.kind) {
      case "roomOpen":
        return this.#openRoom(message.room, message.worldKey);
      case "roomClose":
        return this.#closeRoom(message.room);
      case "characterRegister":
      case "characterUpdate":
        return this.#register(message);
      case "characterForget":
        return this.#forget(message.room, message.character);
      case "cue":
        return this.#cue(message);
      case "cancel":
        return this.#lines.get(message.line)?.line.withdraw("cancelled");
      case "outcome": {
        const { connection, observe } = this.#parts;
        return observe({ kind: "outcomeReported", connection, report: message });
      }
      case "heard":
        // Nothing remembers yet what was heard.
        return;
      case "sceneStart":
        return this.#refuse("unsupported", "this sidecar plays no scenes", {
          room: message.room,
          scene: message.scene,
        });
      case "sceneStop":
        return;
      case "resume":
        return this.#refuse("unsupported", "this sidecar resumes no sessions");
    }
  }

  /** The connection is gone, or about to be: its lines end, its characters cool. */
  close(): void {
    for (const { line } of this.#lines.values().toArray()) line.withdraw("cancelled");
    for (const room of this.#rooms.keys().toArray()) this.#closeRoom(room);
  }

  /** The sidecar is about to stop: lines that have begun are ended in character. */
  cutShort(): void {
    for (const { line } of this.#lines.values().toArray()) line.cutShort();
  }

  /** The cards have changed: lines that are open keep what they began with. */
  recast(): void {
    for (const room of this.#rooms.values()) {
      for (const { registration, card } of room.characters.values().toArray()) {
        const now = this.#parts.cards().get(registration.character);
        if (!isDeepStrictEqual(now, card)) this.#cast(room, registration);
      }
    }
  }

  #openRoom(id: number, worldKey: string): void {
    const { maxRooms, maxCuesPerSecondPerRoom } = this.#parts.limits;
    if (this.#rooms.has(id)) return this.#refuse("room_exists", `room ${id} is open`, { room: id });
    if (this.#rooms.size >= maxRooms) {
      return this.#refuse("too_many_rooms", `at most ${maxRooms} rooms`, { room: id });
    }
    const rate = new RateLimit(maxCuesPerSecondPerRoom, this.#parts.clock.nowMs());
    this.#rooms.set(id, { worldKey, characters: new Map(), lines: new Set(), rate });
    const { connection, observe } = this.#parts;
    observe({ kind: "roomOpened", connection, room: id, worldKey });
  }

  #closeRoom(id: number): void {
    const room = this.#rooms.get(id);
    if (!room) return this.#refuse("unknown_room", `room ${id} is not open`, { room: id });
    this.#rooms.delete(id);
    for (const line of room.lines.values().toArray())
      this.#lines.get(line)?.line.withdraw("cancelled");
    for (const { cool } of room.characters.values()) cool();
    const { connection, observe } = this.#parts;
    observe({ kind: "roomClosed", connection, room: id });
  }

  #register(registration: CharacterRegister | CharacterUpdate): void {
    const { room: roomId, character: id } = registration;
    const { maxCharactersPerRoom } = this.#parts.limits;
    const room = this.#rooms.get(roomId);
    if (!room) return this.#refuse("unknown_room", `room ${roomId} is not open`, { room: roomId });
    const known = room.characters.get(id);
    if (!known && room.characters.size >= maxCharactersPerRoom) {
      const why = `at most ${maxCharactersPerRoom} characters in a room`;
      return this.#refuse("too_many_characters", why, { room: roomId });
    }
    this.#cast(room, registration);
  }

  /** Puts a character into its room, as its card wants it if there is one. */
  #cast(room: Room, registration: CharacterRegister | CharacterUpdate): void {
    const card = this.#parts.cards().get(registration.character);
    const character = new Character(registration, card);
    // The new one first: a prefix that stays the same stays warm.
    const cool = this.#parts.upstream.keepWarm((style) => prefixOf(character, style));
    room.characters.get(registration.character)?.cool();
    room.characters.set(registration.character, { registration, card, character, cool });
  }

  #forget(roomId: number, id: string): void {
    const room = this.#rooms.get(roomId);
    room?.characters.get(id)?.cool();
    room?.characters.delete(id);
    for (const line of room?.lines.values().toArray() ?? []) {
      const spoken = this.#lines.get(line)?.line;
      if (spoken?.speaker === id) spoken.withdraw("cancelled");
    }
  }

  #cue(cue: Cue): void {
    const about = { room: cue.room, line: cue.line };
    // Before anything can refuse it: refused cues count. One whose id is open is no new cue.
    if (!this.#lines.has(cue.line)) this.#tellCue(cue);
    const room = this.#rooms.get(cue.room);
    if (!room) return this.#refuse("unknown_room", `room ${cue.room} is not open`, about);
    if (this.#lines.has(cue.line)) {
      return this.#refuse("line_exists", `line ${cue.line} is open`, { room: cue.room });
    }
    const character = chooseSpeaker(cue.candidates, (id) => room.characters.get(id)?.character);
    if (!character) {
      return this.#refuse("unknown_character", "no candidate is registered in the room", about);
    }
    const excess = this.#excessOf(room);
    if (excess) return this.#refuse(...excess, about);
    this.#supersede(cue);
    this.#speak(cue, room, character);
  }

  /** Ends the line that the cue replaces: one of its room, and no other player's. */
  #supersede({ supersedes, room, player }: Cue): void {
    const older = supersedes === null ? undefined : this.#lines.get(supersedes);
    if (!older || older.cue.room !== room) return;
    const isAnothers = older.cue.player !== null && older.cue.player[0] !== player?.[0];
    if (!isAnothers) older.line.withdraw("superseded");
  }

  #tellCue({ room, line, priority, said, event }: Cue): void {
    const { connection, observe } = this.#parts;
    observe({ kind: "cueTaken", connection, room, line, priority, said, event });
  }

  /** The quota that one more cue would exceed. */
  #excessOf(room: Room): [Code, string] | undefined {
    const { maxLines, maxLinesPerRoom } = this.#parts.limits;
    if (this.#lines.size >= maxLines || room.lines.size >= maxLinesPerRoom) {
      return [
        "too_many_lines",
        `at most ${maxLinesPerRoom} open lines in a room, ${maxLines} in all`,
      ];
    }
    const nowMs = this.#parts.clock.nowMs();
    if (!room.rate.take(nowMs)) return ["cue_rate_room", "too many cues a second in the room"];
    if (!this.#parts.gameRate.take(nowMs)) {
      return ["cue_rate_game", "too many cues a second in all of the game's rooms"];
    }
    return undefined;
  }

  #speak(cue: Cue, room: Room, character: Character): void {
    const { upstream, clock, sink, connection, observe } = this.#parts;
    const line = new SpokenLine({
      connection,
      observe,
      cue,
      character,
      upstream: upstream.current,
      clock,
      sink,
      forget: () => {
        this.#lines.delete(cue.line);
        room.lines.delete(cue.line);
      },
    });
    this.#lines.set(cue.line, { line, cue });
    room.lines.add(cue.line);
    line.start();
  }

  #refuse(
    code: Code,
    message: string,
    about: { readonly room?: number; readonly line?: number; readonly scene?: number } = {},
  ): void {
    const { room = null, line = null, scene = null } = about;
    const { connection, observe } = this.#parts;
    observe({ kind: "errorSent", connection, code, why: message, room, line });
    this.#parts.send({ kind: "error", code, message, room, line, scene });
  }
}
