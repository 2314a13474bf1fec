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
import { prefixOf, type PromptStyle } from "./characters/prompt.ts";
import type { ChatMessage } from "./chat.ts";
import { CONNECTION_LIMITS } from "./config.ts";
import { type LineSink, SpokenLine } from "./line.ts";
import { RateLimit } from "./policy/rate.ts";
import { chooseSpeaker } from "./policy/route.ts";
import type { Upstream } from "./upstream/upstream.ts";

/** What a session needs of the endpoint beside lines. */
export interface SessionUpstream extends Upstream {
  keepWarm(prefix: ChatMessage): () => void;
}

export interface SessionParts {
  readonly upstream: SessionUpstream;
  readonly promptStyle: PromptStyle;
  readonly clock: Clock;
  readonly sink: LineSink;
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
  readonly character: Character;
  readonly cool: () => void;
}

/** What one connection has opened: its rooms, their characters, the lines that are not over. */
export class Session {
  readonly #parts: SessionParts;
  readonly #rooms = new Map<number, Room>();
  readonly #lines = new Map<number, { readonly line: SpokenLine; readonly room: Room }>();

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
      case "heard":
      case "outcome":
        // Reports; nothing keeps them yet.
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

  #openRoom(id: number, worldKey: string): void {
    const { maxRooms, maxCuesPerSecondPerRoom } = CONNECTION_LIMITS;
    if (this.#rooms.has(id)) return this.#refuse("room_exists", `room ${id} is open`, { room: id });
    if (this.#rooms.size >= maxRooms) {
      return this.#refuse("too_many_rooms", `at most ${maxRooms} rooms`, { room: id });
    }
    const rate = new RateLimit(maxCuesPerSecondPerRoom, this.#parts.clock.nowMs());
    this.#rooms.set(id, { worldKey, characters: new Map(), lines: new Set(), rate });
  }

  #closeRoom(id: number): void {
    const room = this.#rooms.get(id);
    if (!room) return this.#refuse("unknown_room", `room ${id} is not open`, { room: id });
    this.#rooms.delete(id);
    for (const line of room.lines.values().toArray())
      this.#lines.get(line)?.line.withdraw("cancelled");
    for (const { cool } of room.characters.values()) cool();
  }

  #register(registration: CharacterRegister | CharacterUpdate): void {
    const { room: roomId, character: id } = registration;
    const { maxCharactersPerRoom } = CONNECTION_LIMITS;
    const room = this.#rooms.get(roomId);
    if (!room) return this.#refuse("unknown_room", `room ${roomId} is not open`, { room: roomId });
    const known = room.characters.get(id);
    if (!known && room.characters.size >= maxCharactersPerRoom) {
      const why = `at most ${maxCharactersPerRoom} characters in a room`;
      return this.#refuse("too_many_characters", why, { room: roomId });
    }
    known?.cool();
    const character = new Character(registration);
    const cool = this.#parts.upstream.keepWarm(prefixOf(character, this.#parts.promptStyle));
    room.characters.set(id, { character, cool });
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
    if (cue.supersedes !== null) this.#lines.get(cue.supersedes)?.line.withdraw("superseded");
    this.#speak(cue, room, character);
  }

  /** The quota that one more cue would exceed. */
  #excessOf(room: Room): [Code, string] | undefined {
    const { maxLines, maxLinesPerRoom } = CONNECTION_LIMITS;
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
    const { upstream, clock, sink, promptStyle } = this.#parts;
    const line = new SpokenLine({
      cue,
      character,
      upstream,
      promptStyle,
      clock,
      sink: {
        begin: (...begin) => sink.begin(...begin),
        delta: (...delta) => sink.delta(...delta),
        end: (end) => {
          this.#lines.delete(end.line);
          room.lines.delete(end.line);
          sink.end(end);
        },
      },
    });
    this.#lines.set(cue.line, { line, room });
    room.lines.add(cue.line);
    line.start();
  }

  #refuse(
    code: Code,
    message: string,
    about: { readonly room?: number; readonly line?: number; readonly scene?: number } = {},
  ): void {
    const { room = null, line = null, scene = null } = about;
    this.#parts.send({ kind: "error", code, message, room, line, scene });
  }
}
