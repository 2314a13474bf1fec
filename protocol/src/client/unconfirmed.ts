import type { Up } from "../up.ts";

/** Messages kept; past it none is, until the sidecar has had all that was sent so far. */
const MAX_KEPT = 16_384;
/** This many, and the sidecar is asked how far it has come before it is time for a heartbeat. */
const ASK_AT = 256;
/** The place of a message that was not sent. */
const UNSENT = Infinity;

/**
 * What the sidecar may not have had when a connection is lost, of the messages that say how things
 * stand: of those about one thing the latest. They are sent again when the session goes on.
 */
export class Unconfirmed {
  readonly #kept = new Map<string, { readonly message: Up; readonly place: number }>();
  /** The place of the last message that was not kept. */
  #lostPlace = 0;
  #confirmedPlace = 0;

  /** Whether all that the sidecar may not have had is here. */
  get isWhole(): boolean {
    return this.#lostPlace <= this.#confirmedPlace;
  }

  /** Whether the sidecar is to be asked how far it has come. */
  get isMuch(): boolean {
    return this.#kept.size >= ASK_AT || !this.isWhole;
  }

  /** @param place which message of the client's life it was; undefined if it was not sent */
  note(message: Up, place: number = UNSENT): void {
    const key = keyOf(message);
    if (key === undefined || this.#isLess(key, message)) return;
    // What was to be said of a room's characters goes with the room.
    if (message.kind === "roomClose") this.#forgetCharacters(message.room);
    this.#kept.delete(key);
    this.#kept.set(key, { message, place });
    if (this.#kept.size <= MAX_KEPT) return;
    this.#lostPlace = place;
    this.#kept.clear();
  }

  /** The sidecar has had all messages up to this place. */
  confirm(place: number): void {
    this.#confirmedPlace = place;
    for (const [key, kept] of this.#kept) if (kept.place <= place) this.#kept.delete(key);
  }

  /** Takes out all that was kept, to be sent again; none of it is kept any more. */
  takeAll(): readonly Up[] {
    const messages = this.#kept.values().map(({ message }) => message);
    return this.#takeOut(messages.toArray());
  }

  /** Takes out what was never sent; what was sent is forgotten with the session it was sent to. */
  takeUnsent(): readonly Up[] {
    const unsent = this.#kept.values().filter(({ place }) => place === UNSENT);
    return this.#takeOut(unsent.map(({ message }) => message).toArray());
  }

  #takeOut(messages: readonly Up[]): readonly Up[] {
    this.#kept.clear();
    this.#lostPlace = 0;
    return messages;
  }

  /** Of what a player has heard the most counts. */
  #isLess(key: string, message: Up): boolean {
    const kept = this.#kept.get(key)?.message;
    return message.kind === "heard" && kept?.kind === "heard" && kept.offset >= message.offset;
  }

  #forgetCharacters(room: number): void {
    for (const [key, { message }] of this.#kept) {
      const isOfRoom = "character" in message && "room" in message && message.room === room;
      if (isOfRoom && message.kind !== "outcome") this.#kept.delete(key);
    }
  }
}

/** What a message is about; undefined where nothing is lost with it that resuming does not mend. */
function keyOf(message: Up): string | undefined {
  switch (message.kind) {
    case "roomOpen":
    case "roomClose":
      return `room ${message.room}`;
    case "characterRegister":
    case "characterUpdate":
    case "characterForget":
      return `character ${message.room} ${message.character}`;
    case "outcome":
      return `outcome ${message.line}`;
    case "heard":
      return `heard ${message.line} ${message.player}`;
    default:
      return undefined;
  }
}
