import {
  afterCodePoints,
  type CharacterRegister,
  type CharacterUpdate,
  type Code,
  countCodePoints,
  type Cue,
  type ErrorMessage,
  type Heard,
  ProtocolError,
  type Resume,
  type Up,
} from "@banterwire/protocol";
import type { Character } from "./characters/character.ts";
import { type ConnectionLimits, MAX_NAMED_PER_LINE, MAX_UNKNOWN_LINES } from "./config.ts";
import { flagOf } from "./config/names.ts";
import { type LineSink, SpokenLine } from "./line.ts";
import type { RateLimit } from "./policy/rate.ts";
import { chooseSpeaker } from "./policy/route.ts";
import type { AllowanceKey } from "./session/allowance.ts";
import type { LineLog, LoggedLine } from "./session/line-log.ts";
import { type Room, Rooms, type RoomsParts } from "./session/rooms.ts";
import {
  advanceSession,
  type SessionEvent,
  type SessionPeer,
  type SessionState,
} from "./session/session-state.ts";

export interface SessionParts extends RoomsParts {
  /** The secret by which a later connection may go on with it. */
  readonly name: Uint8Array;
  /** What all sessions have open, this one's lines among it. */
  readonly open: { lines: number };
  /** Cues of all connections with this game's token. */
  readonly gameRate: RateLimit;
  /** What its lines said, where a later connection may go on with it. */
  readonly log: LineLog | undefined;
  /** It is detached and cannot be gone on with any more. */
  beyondResume(): void;
}

/** What a client may send once it was welcomed, less what the connection answers itself. */
export type SessionMessage = Exclude<Up, { kind: "hello" | "resume" | "ping" | "pong" | "error" }>;

interface OpenLine {
  readonly line: SpokenLine;
  readonly cue: Cue;
}

type Subject = { readonly room?: number; readonly line?: number; readonly scene?: number };

/**
 * What one client has opened: its rooms, their characters, the lines that are not over. It may
 * outlive its connection for a while; its lines go on meanwhile.
 */
export class Session {
  readonly #parts: SessionParts;
  readonly #rooms: Rooms;
  readonly #lines = new Map<number, OpenLine>();
  /** Where the client says it stands, while it resumes; nil where it ended the line itself. */
  readonly #stands = new Map<number, number | null>();
  /** Lines that it named since it took the session over, and how many of them nobody knows. */
  #named = { lines: 0, unknown: 0 };
  readonly #sink: LineSink = {
    begin: (...begin) => {
      this.#parts.log?.begin(...begin);
      this.#listener?.begin(...begin);
    },
    delta: (line, offset, text) => {
      this.#parts.log?.delta(line, text);
      if (this.#state.name === "detached") this.#checkLog();
      else this.#listener?.delta(line, offset, text);
    },
    end: (end) => {
      this.#parts.log?.end(end.line, end, this.#parts.clock.nowMs());
      this.#listener?.end(end);
    },
  };
  #state: SessionState;

  constructor(parts: SessionParts, peer: SessionPeer) {
    this.#parts = parts;
    this.#rooms = new Rooms(parts);
    this.#state = { name: "attached", peer };
  }

  get name(): Uint8Array {
    return this.#parts.name;
  }

  /** The number of the connection that began it: what observers know it by. */
  get connection(): number {
    return this.#parts.connection;
  }

  get limits(): ConnectionLimits {
    return this.#parts.limits;
  }

  get rooms(): number {
    return this.#rooms.size;
  }

  get isResuming(): boolean {
    return this.#state.name === "resuming";
  }

  /** Whether a later connection can be told all that this one's client missed. */
  get isResumable(): boolean {
    return this.#parts.log?.isWhole ?? false;
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
        const { connection, log, observe } = this.#parts;
        observe({ kind: "outcomeReported", connection, report: message });
        // Who tells how a line ended has heard its end.
        return log?.forget(message.line);
      }
      case "heard":
        return this.#heard(message);
      case "sceneStart": {
        const { room, scene } = message;
        return this.#refuse("unsupported", "this sidecar plays no scenes", { room, scene });
      }
      case "sceneStop":
        return;
    }
  }

  /** Another connection goes on; until it has said where its client stands, nothing is sent. */
  takeOver(peer: SessionPeer): void {
    const before = this.#state;
    if (!this.#advance({ name: "take over", peer })) return;
    this.#stands.clear();
    this.#named = { lines: 0, unknown: 0 };
    if (before.name === "detached") before.disarm();
    if ("peer" in before) before.peer.taken();
  }

  /**
   * Where the client stands in its lines; after the last such message all goes on.
   *
   * @throws ProtocolError if it names more lines, or more unknown ones, than an honest client has
   */
  resume({ lines, more }: Resume): void {
    this.#checkNamed(lines);
    for (const [line, offset] of lines) {
      if (this.#knows(line)) this.#stands.set(line, offset);
      else if (offset !== null) this.#refuseUnknownLine(line);
    }
    if (!more) this.#catchUp();
  }

  /** The connection is gone; `disarm` calls off what will end the session. */
  lose(disarm: () => void): void {
    this.#advance({ name: "lose", disarm });
  }

  /** Ends its lines, cools its characters. */
  close(): void {
    const before = this.#state;
    if (!this.#advance({ name: "close" })) return;
    if (before.name === "detached") before.disarm();
    for (const { line } of this.#lines.values().toArray()) line.withdraw("cancelled");
    for (const room of this.#rooms.ids) this.#rooms.close(room);
    const { connection, observe } = this.#parts;
    observe({ kind: "sessionEnded", connection });
  }

  /** The sidecar is about to stop: lines that have begun are ended in character. */
  cutShort(): void {
    for (const { line } of this.#lines.values().toArray()) line.cutShort();
  }

  /** The cards have changed. */
  recast(): void {
    this.#rooms.recast();
  }

  /** Whom lines speak to; nobody while there is no connection that knows where to go on. */
  get #listener(): LineSink | undefined {
    return this.#state.name === "attached" ? this.#state.peer.lines : undefined;
  }

  #advance(event: SessionEvent): boolean {
    const state = advanceSession(this.#state, event);
    if (state) this.#state = state;
    return state !== undefined;
  }

  #knows(line: number): boolean {
    return this.#lines.has(line) || this.#parts.log?.get(line) !== undefined;
  }

  /** Each unknown line is owed an answer of its own: a few bytes would be answered by many. */
  #checkNamed(lines: Resume["lines"]): void {
    // A message without lines is one too: they must not go on for ever.
    this.#named.lines += Math.max(1, lines.length);
    for (const [line, offset] of lines) {
      if (offset !== null && !this.#knows(line)) this.#named.unknown++;
    }
    const maxLines = MAX_NAMED_PER_LINE * this.limits.maxLines;
    if (this.#named.lines <= maxLines && this.#named.unknown <= MAX_UNKNOWN_LINES) return;
    throw new ProtocolError(
      "unexpected_message",
      `a resume names at most ${maxLines} lines, ${MAX_UNKNOWN_LINES} unknown ones among them`,
    );
  }

  #checkLog(): void {
    if (!this.isResumable) this.#parts.beyondResume();
  }

  /** Ends the lines that the client has no use for, and sends of the others what it missed. */
  #catchUp(): void {
    const { log } = this.#parts;
    const stands = [...this.#stands];
    const beyond = new Set(
      stands.flatMap(([id, offset]) => {
        const length = countCodePoints(log?.get(id)?.text ?? "");
        return offset !== null && offset > length ? id : [];
      }),
    );
    for (const [id, { line }] of this.#lines.entries().toArray()) {
      // While it resumes nobody listens: the client has ended these lines, or is told why below.
      const wanted = typeof this.#stands.get(id) === "number" && !beyond.has(id);
      if (!wanted) line.withdraw("cancelled");
    }
    this.#stands.clear();
    this.#advance({ name: "resume" });
    for (const [id, offset] of stands) {
      const logged = log?.get(id);
      if (offset === null) continue;
      if (beyond.has(id)) this.#refuse("bad_field", "resume beyond the line's end", { line: id });
      else if (logged) this.#tellAgain(id, logged, offset);
    }
  }

  #tellAgain(line: number, { begin, text, terminal }: LoggedLine, offset: number): void {
    const missed = afterCodePoints(text, offset);
    if (begin && offset === 0) this.#listener?.begin(...begin);
    if (missed !== "") this.#listener?.delta(line, offset, missed);
    if (terminal?.kind === "lineEnd") this.#listener?.end(terminal);
    else if (terminal) this.#send(terminal);
  }

  #refuseUnknownLine(line: number): void {
    this.#refuse("unknown_line", `line ${line} is not of this session`, { line });
  }

  #heard({ line, player, offset }: Heard): void {
    const { connection, log, observe } = this.#parts;
    const logged = log?.get(line);
    if (!logged?.begin) return;
    const [, room, character] = logged.begin;
    const { text } = logged;
    const codePoints = Math.min(offset, countCodePoints(text));
    observe({ kind: "lineHeard", connection, room, line, character, player, codePoints, text });
  }

  #openRoom(id: number, worldKey: string): void {
    const { maxRooms } = this.limits;
    if (this.#rooms.get(id)) return this.#refuse("room_exists", `room ${id} is open`, { room: id });
    if (this.#rooms.size >= maxRooms) {
      return this.#refuse("too_many_rooms", `at most ${maxRooms} rooms`, { room: id });
    }
    const excess = this.#rooms.open(id, worldKey);
    if (excess) this.#refuse("too_many_rooms", this.#tooHeavy(excess), { room: id });
  }

  #closeRoom(id: number): void {
    const room = this.#rooms.get(id);
    if (!room) return this.#refuse("unknown_room", `room ${id} is not open`, { room: id });
    for (const line of room.lines.values().toArray())
      this.#lines.get(line)?.line.withdraw("cancelled");
    this.#rooms.close(id);
  }

  #register(registration: CharacterRegister | CharacterUpdate): void {
    const { room: id, character } = registration;
    const { maxCharactersPerRoom } = this.limits;
    const room = this.#rooms.get(id);
    if (!room) return this.#refuse("unknown_room", `room ${id} is not open`, { room: id });
    if (!room.characters.has(character) && room.characters.size >= maxCharactersPerRoom) {
      const why = `at most ${maxCharactersPerRoom} characters in a room`;
      return this.#refuse("too_many_characters", why, { room: id });
    }
    const excess = this.#rooms.cast(registration);
    if (excess) {
      this.#refuse("too_many_characters", `${character}: ${this.#tooHeavy(excess)}`, { room: id });
    }
  }

  #tooHeavy(excess: AllowanceKey): string {
    const whose = excess === "maxRegisteredMib" ? "this connection's" : "all connections'";
    return (
      `${whose} rooms and characters are as large as they may be: close rooms that ended, ` +
      `shorten personas and authored lines, or raise ${flagOf(excess)}`
    );
  }

  #forget(id: number, character: string): void {
    this.#rooms.forget(id, character);
    for (const line of this.#rooms.get(id)?.lines.values().toArray() ?? []) {
      const spoken = this.#lines.get(line)?.line;
      if (spoken?.speaker === character) spoken.withdraw("cancelled");
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
    const { connection, log, observe } = this.#parts;
    log?.forget(line);
    observe({ kind: "cueTaken", connection, room, line, priority, said, event });
  }

  /** The quota that one more cue would exceed. */
  #excessOf(room: Room): [Code, string] | undefined {
    const { maxLines, maxLinesPerRoom } = this.limits;
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
    const { upstream, clock, connection, observe, open } = this.#parts;
    const line = new SpokenLine({
      connection,
      observe,
      cue,
      character,
      upstream,
      clock,
      sink: this.#sink,
      forget: () => {
        if (this.#lines.delete(cue.line)) open.lines--;
        room.lines.delete(cue.line);
      },
    });
    open.lines++;
    this.#lines.set(cue.line, { line, cue });
    room.lines.add(cue.line);
    line.start();
  }

  #refuse(code: Code, message: string, about: Subject = {}): void {
    const { room = null, line = null, scene = null } = about;
    const { clock, connection, log, observe } = this.#parts;
    const error: ErrorMessage = { kind: "error", code, message, room, line, scene };
    observe({ kind: "errorSent", connection, code, why: message, room, line });
    // A resumed line that is not ours leaves nothing to resume.
    if (line !== null && code !== "unknown_line") log?.end(line, error, clock.nowMs());
    this.#send(error);
  }

  #send(error: ErrorMessage): void {
    if ("peer" in this.#state) this.#state.peer.send(error);
  }
}
