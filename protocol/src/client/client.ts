import { type Clock, systemClock } from "../clock.ts";
import { ProtocolError } from "../codes.ts";
import { assertSendable } from "../codec.ts";
import type { CharacterRegister } from "../messages/character-register.ts";
import type { Cue as CueMessage } from "../messages/cue.ts";
import type { ErrorMessage } from "../messages/error.ts";
import type { Welcome } from "../messages/welcome.ts";
import { Connection, type ConnectionEvents, type ConnectionState } from "./connection.ts";
import { addOutcome, type HitRates, NO_HITS } from "./hit-rates.ts";
import { CLIENT_GUARD_MS, type Line, type LineHost, OpenLine } from "./line.ts";
import { type Character, type Cue, type Room, RoomCharacter } from "./room.ts";
import { type OpenTransport, webSocketTransport } from "./transport.ts";

export interface ClientOptions {
  /** Where the sidecar listens, such as `ws://127.0.0.1:7433`. */
  readonly url: string;
  /** The game's token, if the sidecar wants one. */
  readonly token?: string;
  /** Budget for cues that name none, milliseconds; the sidecar's own default if absent. */
  readonly ttftBudgetMs?: number;
  /** Name and version of the game's software, for the sidecar's log. */
  readonly clientName?: string;
  /** Told about what went wrong and was dealt with; for logs. */
  readonly onTrouble?: (why: string) => void;
  /** For tests: another way to carry messages, time that stands still, chance that repeats. */
  readonly openTransport?: OpenTransport;
  readonly clock?: Clock;
  readonly random?: () => number;
}

/** One game process's client of one sidecar. It reconnects by itself, and never throws later. */
export interface Client {
  readonly state: ConnectionState;
  readonly hitRates: HitRates;
  /** Lines that have not ended. */
  readonly openLines: number;
  /** @throws ProtocolError if the world key is empty or too long. */
  openRoom(options: { readonly worldKey: string }): Room;
  /** Cancels every line and closes the connection. */
  close(): void;
}

const DEFAULT_TTFT_BUDGET_MS = 200;
const MAX_BUDGET_MS = 60_000;
/** Between the sidecar's fallback leaving and the client's own: the sidecar is to come first. */
const DELIVERY_GUARD_MS = 5;
/** Bound of lines open at once before the first welcome tells the sidecar's own. */
const DEFAULT_MAX_LINES = 1_024;

/** Connects to a sidecar; the client can be used at once, lines are authored until it answers. */
export function createClient(options: ClientOptions): Client {
  return new BanterClient(options);
}

interface OpenRoom extends Room {
  readonly id: number;
  readonly characters: Map<string, RoomCharacter>;
}

class BanterClient implements Client, LineHost, ConnectionEvents {
  readonly clock: Clock;
  readonly #options: ClientOptions;
  readonly #random: () => number;
  readonly #connection: Connection;
  readonly #rooms = new Map<number, OpenRoom>();
  readonly #lines = new Map<number, { readonly line: OpenLine; readonly room: number }>();
  #hitRates = NO_HITS;
  #nextRoom = 1;
  #nextLine = 1;

  constructor(options: ClientOptions) {
    this.#options = options;
    this.clock = options.clock ?? systemClock;
    this.#random = options.random ?? Math.random;
    this.#connection = new Connection(
      {
        openTransport: options.openTransport ?? webSocketTransport(options.url, options.token),
        clientName: options.clientName ?? "@banterwire/protocol",
        clock: this.clock,
        random: this.#random,
      },
      this,
    );
    this.#connection.start();
  }

  get state(): ConnectionState {
    return this.#connection.state;
  }

  get hitRates(): HitRates {
    return this.#hitRates;
  }

  get openLines(): number {
    return this.#lines.size;
  }

  openRoom({ worldKey }: { readonly worldKey: string }): Room {
    const id = this.#nextRoom++;
    assertSendable({ kind: "roomOpen", room: id, worldKey });
    const characters = new Map<string, RoomCharacter>();
    const room: OpenRoom = {
      id,
      worldKey,
      characters,
      register: (character) => this.#register(room, character),
      say: (character, cue) => this.#say(room, character, cue),
      close: () => this.#closeRoom(room),
    };
    this.#rooms.set(id, room);
    this.#connection.send({ kind: "roomOpen", room: id, worldKey });
    return room;
  }

  close(): void {
    for (const room of this.#rooms.values().toArray()) room.close();
    this.#connection.close();
  }

  #register(room: OpenRoom, character: Character): void {
    const registration: CharacterRegister = {
      kind: "characterRegister",
      room: room.id,
      character: character.id,
      name: character.name,
      persona: character.persona,
      fallbacks: [...character.fallbacks],
      closers: [...(character.closers ?? [])],
    };
    assertSendable(registration);
    room.characters.set(character.id, new RoomCharacter(registration, this.#random));
    this.#connection.send(registration);
  }

  #say(room: OpenRoom, characterId: string, cue: Cue): Line {
    const character = room.characters.get(characterId);
    const line = new OpenLine({
      id: this.#takeLineId(),
      character: characterId,
      priority: cue.priority ?? (cue.said === undefined ? "nearby" : "reply"),
      budgetMs: this.#budgetMs(cue),
      host: this,
      observer: cue,
      signal: cue.signal,
      fallback: () => character?.fallback() ?? "…",
      closer: () => character?.closer() ?? "…",
    });
    this.#lines.set(line.id, { line, room: room.id });
    if (cue.signal?.aborted) line.cancel();
    else this.#send(room, character, line, cue);
    if (cue.supersedes) this.#lines.get(cue.supersedes.id)?.line.withdraw("superseded");
    return line;
  }

  #send(room: OpenRoom, character: RoomCharacter | undefined, line: OpenLine, cue: Cue): void {
    if (!character || !this.#rooms.has(room.id)) {
      this.trouble(`${line.character} is not registered in the room ${room.worldKey}`);
      return line.fallBack("refused");
    }
    if (this.#lines.size > this.#maxLines()) return line.fallBack("shed");
    const message = this.#cueMessage(room, line, cue);
    try {
      assertSendable(message);
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.trouble(`a cue was not sent: ${error.message}`);
      return line.fallBack("refused");
    }
    if (message.remainingMs === 0) return line.fallBack("budget");
    if (!this.#connection.send(message)) line.fallBack("unreachable");
  }

  #cueMessage(room: OpenRoom, line: OpenLine, cue: Cue): CueMessage {
    const remainingMs =
      this.#budgetMs(cue) -
      line.elapsedMs -
      this.#connection.roundTripMs -
      CLIENT_GUARD_MS -
      DELIVERY_GUARD_MS;
    return {
      kind: "cue",
      room: room.id,
      line: line.id,
      candidates: [[line.character, 0, 255]],
      remainingMs: Math.max(0, Math.floor(remainingMs)),
      priority: cue.priority ?? (cue.said === undefined ? "nearby" : "reply"),
      player: cue.player ? [cue.player.id, cue.player.name] : null,
      said: cue.said ?? null,
      event: cue.event ?? null,
      context: [...(cue.context ?? [])],
      supersedes: cue.supersedes?.id ?? null,
    };
  }

  #budgetMs(cue: Cue): number {
    const { state } = this.#connection;
    const told = state.name === "open" ? state.welcome.ttftBudgetMs : DEFAULT_TTFT_BUDGET_MS;
    const budgetMs = cue.ttftBudgetMs ?? this.#options.ttftBudgetMs ?? told;
    return Math.min(MAX_BUDGET_MS, Math.max(0, budgetMs));
  }

  #maxLines(): number {
    const { state } = this.#connection;
    return state.name === "open" ? state.welcome.maxLines : DEFAULT_MAX_LINES;
  }

  #takeLineId(): number {
    while (this.#lines.has(this.#nextLine)) this.#advanceLineId();
    const id = this.#nextLine;
    this.#advanceLineId();
    return id;
  }

  #advanceLineId(): void {
    this.#nextLine = (this.#nextLine + 2) >>> 0;
  }

  #closeRoom(room: OpenRoom): void {
    if (!this.#rooms.delete(room.id)) return;
    for (const entry of this.#lines.values().toArray())
      if (entry.room === room.id) entry.line.cancel();
    this.#connection.send({ kind: "roomClose", room: room.id });
  }

  // What lines ask of their host.

  cancelUpstream(line: Line): void {
    if (this.#lines.has(line.id)) this.#connection.send({ kind: "cancel", line: line.id });
  }

  ended: LineHost["ended"] = (line, outcome) => {
    this.#lines.delete(line.id);
    this.#hitRates = addOutcome(this.#hitRates, outcome);
  };

  trouble(why: string): void {
    try {
      this.#options.onTrouble?.(why);
    } catch {
      // The game's own logging failed; there is nobody left to tell.
    }
  }

  // What the connection tells.

  opened(_welcome: Welcome): void {
    for (const room of this.#rooms.values()) {
      this.#connection.send({ kind: "roomOpen", room: room.id, worldKey: room.worldKey });
      for (const { registration } of room.characters.values()) this.#connection.send(registration);
    }
  }

  received: ConnectionEvents["received"] = (message) => {
    switch (message.kind) {
      case "lineBegin":
        return this.#lines.get(message.line)?.line.begin(message.source);
      case "delta":
        for (const [id, offset, text] of message.parts) {
          this.#lines.get(id)?.line.delta(offset, text);
        }
        return;
      case "lineEnd":
        return this.#lines.get(message.line)?.line.endedUpstream(message);
      case "error":
        return this.#refused(message);
    }
  };

  lost(why: string): void {
    this.trouble(`the connection to the sidecar was lost: ${why}`);
    for (const { line } of this.#lines.values().toArray()) {
      if (line.state.name === "waiting") line.fallBack("unreachable");
      else line.truncate();
    }
  }

  #refused(error: ErrorMessage): void {
    this.trouble(`the sidecar answered ${error.code}: ${error.message}`);
    if (error.line !== null) this.#lines.get(error.line)?.line.fallBack("refused");
  }
}
