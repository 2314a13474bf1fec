import { type Clock, DeadlineClock } from "../clock.ts";
import { assertSendable } from "../codec.ts";
import type { Reason } from "../fields.ts";
import { LIMITS } from "../limits.ts";
import { lengthOf } from "../line-state.ts";
import type { ErrorMessage } from "../messages/error.ts";
import type { Welcome } from "../messages/welcome.ts";
import type { Up } from "../up.ts";
import type { ClientOptions } from "./client-options.ts";
import { Connection, type ConnectionEvents, type Loss } from "./connection.ts";
import type { ConnectionState } from "./connection-state.ts";
import { priorityOf } from "./cue-message.ts";
import { CueRate } from "./cue-rate.ts";
import { addOutcome, type HitRates, NO_HITS } from "./hit-rates.ts";
import { CLIENT_GUARD_MS, type LineHost, OpenLine } from "./open-line.ts";
import { OpenRoom, type RoomHost } from "./open-room.ts";
import { outcomeReport } from "./report-log.ts";
import type { Cue, Room } from "./room.ts";
import { Uplink } from "./uplink.ts";
import { webSocketTransport } from "./transport.ts";

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
/** Between the sidecar's fallback leaving and the client's own: the sidecar is to come first. */
const DELIVERY_GUARD_MS = 5;
/** What a client keeps back of each budget, beside the round trip. */
export const BUDGET_GUARD_MS = CLIENT_GUARD_MS + DELIVERY_GUARD_MS;

/**
 * Connects to a sidecar; the client can be used at once, lines are authored until it answers.
 * @throws if the URL is none.
 */
export function createClient(options: ClientOptions): Client {
  return new BanterClient(options);
}

class BanterClient implements Client, LineHost, RoomHost, ConnectionEvents {
  readonly clock: Clock;
  readonly random: () => number;
  readonly #options: ClientOptions;
  readonly #connection: Connection;
  readonly #rooms = new Map<number, OpenRoom>();
  readonly #lines = new Map<number, OpenLine>();
  readonly #uplink: Uplink;
  #gameRate: CueRate | undefined;
  #hitRates = NO_HITS;
  #nextRoom = 1;
  #nextLine = 1;

  constructor(options: ClientOptions) {
    this.#options = options;
    this.clock = options.clock ?? new DeadlineClock((error) => this.faulted(error));
    this.random = options.random ?? Math.random;
    this.#uplink = new Uplink({
      clock: this.clock,
      connection: () => this.#connection,
      trouble: (why) => this.trouble(why),
    });
    this.#connection = new Connection(
      {
        openTransport: options.openTransport ?? webSocketTransport(options.url, options.token),
        clientName: options.clientName ?? "@banterwire/protocol",
        clock: this.clock,
        random: this.random,
        session: () => this.#uplink.session,
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
    const id = this.#nextRoom;
    assertSendable({ kind: "roomOpen", room: id, worldKey });
    this.#nextRoom = (id + 1) >>> 0;
    const room = new OpenRoom(id, worldKey, this);
    this.#rooms.set(id, room);
    this.announce(room);
    return room;
  }

  close(): void {
    for (const room of this.#rooms.values().toArray()) room.close();
    this.#connection.close();
    this.#uplink.forgetSession();
  }

  // What rooms ask of their host.

  openLine: RoomHost["openLine"] = (room, speakers, cue) => {
    const line = new OpenLine({
      id: this.#takeLineId(),
      room: room.id,
      speakers,
      priority: priorityOf(cue),
      player: cue.player?.id,
      budgetMs: this.#budgetMs(cue),
      host: this,
      observer: cue,
      signal: cue.signal,
    });
    this.#lines.set(line.id, line);
    room.lines.set(line.id, line);
    return line;
  };

  refusal(room: OpenRoom): Reason | "soon" | undefined {
    const { state } = this.#connection;
    if (state.name === "draining") return "shed";
    if (state.name !== "open") return this.#connection.mayOpenSoon ? "soon" : "unreachable";
    const { maxLines, maxLinesPerRoom } = state.welcome;
    if (!room.announced) return "shed";
    if (this.#lines.size > maxLines || room.lines.size > maxLinesPerRoom) return "shed";
    return room.takeCue() && this.#gameRate?.take(this.clock.nowMs()) ? undefined : "shed";
  }

  remainingMs(line: OpenLine): number {
    const guardMs = this.#connection.roundTripMs + BUDGET_GUARD_MS;
    return line.budgetMs - line.elapsedMs - guardMs;
  }

  send(message: Up): boolean {
    return this.#uplink.send(message);
  }

  announce(room: OpenRoom): void {
    const { state } = this.#connection;
    if (state.name !== "open") return;
    const { maxRooms } = state.welcome;
    const announced = this.#rooms.values().filter((one) => one.announced);
    if (announced.toArray().length < maxRooms) return room.announce(state.welcome);
    this.trouble(
      `${room.worldKey} hears authored lines only: the sidecar allows ${maxRooms} rooms`,
    );
  }

  closed(room: OpenRoom): void {
    this.#rooms.delete(room.id);
  }

  // What lines ask of their host.

  heard(line: OpenLine, player: string, offset: number): void {
    this.send({ kind: "heard", line: line.id, player, offset });
  }

  cancelUpstream(line: OpenLine): void {
    this.#connection.send({ kind: "cancel", line: line.id });
  }

  ended: LineHost["ended"] = (line, outcome) => {
    this.#lines.delete(line.id);
    this.#rooms.get(line.room)?.dismiss(line);
    this.#hitRates = addOutcome(this.#hitRates, outcome);
    this.#uplink.report(outcomeReport(line, outcome));
  };

  /** A fault of ours: never one that reaches the game. */
  faulted(error: unknown): void {
    const why = error instanceof Error ? (error.stack ?? error.message) : String(error);
    this.trouble(`a fault of the client's own: ${why}`);
  }

  trouble(why: string): void {
    try {
      this.#options.onTrouble?.(why);
    } catch {
      // The game's own logging failed; there is nobody left to tell.
    }
  }

  // What the connection tells.

  opened(welcome: Welcome): void {
    const lines = this.#uplink.welcomed(welcome);
    if (lines) this.#goOn(lines);
    else this.#startOver(welcome);
    for (const room of this.#rooms.values()) {
      if (!room.announced) this.announce(room);
      room.askHeld();
    }
    this.#uplink.flushReports();
  }

  confirmed(place: number): void {
    this.#uplink.confirm(place);
  }

  received: ConnectionEvents["received"] = (message) => {
    switch (message.kind) {
      case "lineBegin":
        return this.#lines.get(message.line)?.begin(message.source, message.character);
      case "delta":
        for (const [id, offset, text] of message.parts) this.#lines.get(id)?.delta(offset, text);
        return;
      case "lineEnd":
        return this.#lines.get(message.line)?.endedUpstream(message);
      case "error":
        return this.#refused(message);
      case "flow":
        if (message.slow) this.trouble("this process reads too slowly: text comes merged");
        return;
      case "action":
      case "sceneEnd":
        // Never sent to a client that offered no such capability.
        return this.trouble(`${message.kind} was ignored`);
    }
  };

  lost: ConnectionEvents["lost"] = (why, how) => {
    this.trouble(`the connection to the sidecar was lost: ${why}`);
    const lines = new Set(this.#stands().map(([line]) => line));
    if (how !== "for a breach" && this.#uplink.lost(lines, () => this.#giveUpSession())) return;
    this.#giveUpSession();
  };

  unreachable(how: Loss): void {
    for (const room of this.#rooms.values()) room.giveUpHeld();
    // The rest of what it was saying has gone with it.
    if (how === "refused") this.#endSpoken();
  }

  /** The sidecar has all that it had; `lines` were open there when the connection was lost. */
  #goOn(lines: ReadonlySet<number>): void {
    const gone = [...lines].filter((line) => !this.#lines.has(line));
    this.#uplink.goOn(new Map([...this.#stands(), ...gone.map((line) => [line, null] as const)]));
  }

  #startOver(welcome: Welcome): void {
    this.#disown();
    this.#gameRate = new CueRate(welcome.maxCuesPerSecondPerGame, this.clock.nowMs());
  }

  #giveUpSession(): void {
    this.#uplink.forgetSession();
    this.#disown();
    if (!this.#connection.mayOpenSoon) this.unreachable("by itself");
  }

  /** The sidecar has nothing of ours: lines with text end, cues without wait to be sent anew. */
  #disown(): void {
    for (const room of this.#rooms.values()) room.disowned();
    this.#endSpoken();
  }

  /** Nobody goes on with the lines that have text. */
  #endSpoken(): void {
    for (const line of this.#lines.values().toArray()) {
      if (lengthOf(line.state) > 0) line.fallBack("unreachable");
    }
  }

  /** Where the lines stand that the sidecar was asked for. */
  #stands(): (readonly [line: number, codePoints: number])[] {
    return [...this.#rooms.values()].flatMap((room) => room.stands());
  }

  #refused(error: ErrorMessage): void {
    this.trouble(`the sidecar answered ${error.code}: ${error.message}`);
    const line = error.line === null ? undefined : this.#lines.get(error.line);
    if (!line) return;
    const isAsked = error.code === "unknown_line" && this.#rooms.get(line.room)?.askAgain(line.id);
    if (!isAsked) line.fallBack("refused");
  }

  #budgetMs(cue: Cue): number {
    const { state } = this.#connection;
    const told = "welcome" in state ? state.welcome.ttftBudgetMs : DEFAULT_TTFT_BUDGET_MS;
    const budgetMs = cue.ttftBudgetMs ?? this.#options.ttftBudgetMs ?? told;
    return Math.min(LIMITS.MAX_BUDGET_MS, Math.max(0, budgetMs));
  }

  /** Odd ids, counted on over the client's life, so that none comes again in a later session. */
  #takeLineId(): number {
    let id = this.#nextLine;
    while (this.#lines.has(id)) id = (id + 2) >>> 0;
    this.#nextLine = (id + 2) >>> 0;
    return id;
  }
}
