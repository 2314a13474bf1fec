import type { Clock } from "../clock.ts";
import { ProtocolError } from "../codes.ts";
import { assertSendable } from "../codec.ts";
import type { Reason } from "../fields.ts";
import { lengthOf } from "../line-state.ts";
import type { Welcome } from "../messages/welcome.ts";
import type { Up } from "../up.ts";
import { candidatesOf, cueMessage } from "./cue-message.ts";
import { CueRate } from "./cue-rate.ts";
import type { Line, Speaker } from "./line.ts";
import type { OpenLine } from "./open-line.ts";
import type { Candidate, Character, Cue, Room } from "./room.ts";
import { registrationOf, RoomCharacter, stranger } from "./room-character.ts";

/** What a room needs of the client that keeps it. */
export interface RoomHost {
  readonly clock: Clock;
  readonly random: () => number;
  /** Makes a line, waiting, with its deadline running; `speakers` the nearest first. */
  openLine(room: OpenRoom, speakers: readonly [Speaker, ...Speaker[]], cue: Cue): OpenLine;
  /** Why a cue cannot be sent now, if it cannot; `soon` where a sidecar may be there any moment. */
  refusal(room: OpenRoom): Reason | "soon" | undefined;
  /** What is left for the sidecar of a line's budget, milliseconds. */
  remainingMs(line: OpenLine): number;
  /** Sends if the message is sound and a sidecar is there, and says whether it did. */
  send(message: Up): boolean;
  /** Announces the room to the sidecar if it may. */
  announce(room: OpenRoom): void;
  closed(room: OpenRoom): void;
  trouble(why: string): void;
}

/** What a line waits for an answer to. */
interface Ask {
  readonly line: OpenLine;
  readonly candidates: readonly Candidate[];
  readonly cue: Cue;
  /** Whether the sidecar was sent it, in the session of the moment. */
  isSent: boolean;
}

/** A room that the game keeps open, whether or not a sidecar is there. */
export class OpenRoom implements Room {
  readonly id: number;
  readonly worldKey: string;
  readonly lines = new Map<number, OpenLine>();
  readonly #host: RoomHost;
  readonly #characters = new Map<string, RoomCharacter>();
  /** Set while the sidecar knows the room. */
  #announced: { readonly welcome: Welcome; readonly rate: CueRate } | undefined;
  readonly #asks = new Map<number, Ask>();
  #closed = false;

  constructor(id: number, worldKey: string, host: RoomHost) {
    this.id = id;
    this.worldKey = worldKey;
    this.#host = host;
  }

  get announced(): boolean {
    return this.#announced !== undefined;
  }

  register(character: Character): void {
    const registration = registrationOf(this.id, character);
    assertSendable(registration);
    const known = this.#characters.get(character.id);
    const registered = new RoomCharacter(registration, this.#host.random);
    registered.announced = known?.announced ?? false;
    this.#characters.set(character.id, registered);
    if (registered.announced) this.#host.send({ ...registration, kind: "characterUpdate" });
    else this.#announceCharacter(registered);
  }

  update(character: Character): void {
    if (!this.#characters.has(character.id)) {
      const why = `${character.id} is not registered in the room ${this.worldKey}`;
      throw new ProtocolError("unknown_character", why);
    }
    this.register(character);
  }

  forget(character: string): void {
    const known = this.#characters.get(character);
    if (!known) return;
    for (const line of this.lines.values().toArray()) {
      if (line.character === character) line.cancel();
    }
    this.#characters.delete(character);
    if (known.announced) {
      this.#host.send({ kind: "characterForget", room: this.id, character });
    }
  }

  say(who: string | readonly Candidate[], cue: Cue): Line {
    const candidates = candidatesOf(who);
    const speakers = candidates.flatMap(({ character }) => this.#characters.get(character) ?? []);
    const [nearest = stranger(candidates[0]?.character ?? ""), ...others] = speakers;
    const line = this.#host.openLine(this, [nearest, ...others], cue);
    if (cue.signal?.aborted) line.cancel();
    else this.#ask({ line, candidates, cue, isSent: false });
    this.#superseded(cue)?.withdraw("superseded");
    return line;
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    for (const line of this.lines.values().toArray()) line.cancel();
    if (this.#announced) this.#host.send({ kind: "roomClose", room: this.id });
    this.#announced = undefined;
    this.#host.closed(this);
  }

  /** Tells the sidecar of the room and of its characters. */
  announce(welcome: Welcome): void {
    const rate = new CueRate(welcome.maxCuesPerSecondPerRoom, this.#host.clock.nowMs());
    this.#announced = { welcome, rate };
    this.#host.send({ kind: "roomOpen", room: this.id, worldKey: this.worldKey });
    for (const character of this.#characters.values()) this.#announceCharacter(character);
  }

  /** The sidecar knows nothing of the room any more. */
  disowned(): void {
    this.#announced = undefined;
    for (const character of this.#characters.values()) character.announced = false;
    for (const ask of this.#asks.values()) ask.isSent = false;
  }

  /** Sends the cues that wait for a sidecar, with the time that they have left. */
  askHeld(): void {
    for (const ask of this.#asks.values().toArray()) if (!ask.isSent) this.#ask(ask);
  }

  /** No sidecar is there: the cues that wait for one are answered by authored lines. */
  giveUpHeld(): void {
    for (const { line, isSent } of this.#asks.values().toArray()) {
      if (!isSent) line.fallBack("unreachable");
    }
  }

  /** The sidecar does not know the line; returns whether it was asked once more. */
  askAgain(id: number): boolean {
    const ask = this.#asks.get(id);
    if (!ask || lengthOf(ask.line.state) > 0) return false;
    ask.isSent = false;
    this.#ask(ask);
    return true;
  }

  /** How far the lines have come that the sidecar was asked for. */
  stands(): (readonly [line: number, codePoints: number])[] {
    const sent = this.#asks.values().filter(({ isSent }) => isSent);
    return sent.map(({ line }) => [line.id, lengthOf(line.state)] as const).toArray();
  }

  /** The line has ended. */
  dismiss(line: OpenLine): void {
    this.lines.delete(line.id);
    this.#asks.delete(line.id);
  }

  /** Whether the room's own rate lets one more cue pass; if so it is counted. */
  takeCue(): boolean {
    return this.#announced?.rate.take(this.#host.clock.nowMs()) ?? false;
  }

  #announceCharacter(character: RoomCharacter): void {
    if (!this.#announced) return;
    const { maxCharactersPerRoom } = this.#announced.welcome;
    const announced = this.#characters.values().filter((one) => one.announced);
    if (announced.toArray().length >= maxCharactersPerRoom) {
      this.#host.trouble(
        `${character.id} speaks authored lines only: the sidecar allows ` +
          `${maxCharactersPerRoom} characters in a room`,
      );
      return;
    }
    character.announced = this.#host.send(character.registration);
  }

  #ask(ask: Ask): void {
    const { line, cue } = ask;
    this.#asks.set(line.id, ask);
    const why = this.#refusal();
    if (why === "soon") return;
    if (why) return line.fallBack(why);
    const candidates = ask.candidates.filter(
      (one) => this.#characters.get(one.character)?.announced,
    );
    if (candidates.length === 0) {
      this.#host.trouble(`${line.character} is not registered in the room ${this.worldKey}`);
      return line.fallBack("refused");
    }
    const remainingMs = this.#host.remainingMs(line);
    if (remainingMs < 1) return line.fallBack("budget");
    const supersedes = this.#superseded(cue)?.id ?? null;
    const to = { room: this.id, line: line.id, candidates, remainingMs, supersedes };
    ask.isSent = this.#host.send(cueMessage(cue, to));
    if (!ask.isSent) line.fallBack("refused");
  }

  /** The line that a cue replaces: one of this room's that are open, and no other player's. */
  #superseded({ supersedes: line, player }: Cue): OpenLine | undefined {
    const open = line && this.lines.get(line.id);
    const isAnothers = open?.player !== undefined && open.player !== player?.id;
    return open === line && !isAnothers ? open : undefined;
  }

  #refusal(): Reason | "soon" | undefined {
    if (this.#closed) return "refused";
    if (!this.#announced) this.#host.announce(this);
    return this.#host.refusal(this);
  }
}
