import type { CharacterRegister, CharacterUpdate } from "@banterwire/protocol";
import type { Card } from "../config/card.ts";
import type { Key } from "../config/settings.ts";

/** The settings that bound it, MiB. */
export type AllowanceKey = Extract<Key, "maxRegisteredMib" | "maxRegisteredMibInAll">;

const BYTES_PER_MIB = 1_048_576;
/** A room with nothing in it, or a character without a word: objects, maps, timers' places. */
const THING_BYTES = 1_024;
/** What a text takes beside its characters. */
const TEXT_BYTES = 32;

/**
 * How much rooms and characters may weigh: those of one session, or, as its `whole`, of all. Each
 * of them is bounded in number, but so many of the greatest would be gigabytes.
 */
export class Allowance {
  readonly #key: AllowanceKey;
  readonly #maxMib: () => number;
  readonly #whole: Allowance | undefined;
  #bytes = 0;

  constructor(key: AllowanceKey, maxMib: () => number, whole?: Allowance) {
    this.#key = key;
    this.#maxMib = maxMib;
    this.#whole = whole;
  }

  /** What is taken of it. */
  get bytes(): number {
    return this.#bytes;
  }

  /** The setting that keeps so many more bytes out, if one does. */
  excessOf(bytes: number): AllowanceKey | undefined {
    const isTooMuch = bytes > 0 && this.#bytes + bytes > this.#maxMib() * BYTES_PER_MIB;
    return isTooMuch ? this.#key : this.#whole?.excessOf(bytes);
  }

  /** Of the whole too; negative bytes are given back. */
  take(bytes: number): void {
    this.#bytes += bytes;
    this.#whole?.take(bytes);
  }
}

/** About what a room takes, bytes. */
export function weightOfRoom(worldKey: string): number {
  return THING_BYTES + weightOf(worldKey);
}

/** About what a character takes, bytes; prompts begin with a copy of its persona, or its card's. */
export function weightOfCharacter(
  registration: CharacterRegister | CharacterUpdate,
  card: Card | undefined,
): number {
  const { character, name, persona, fallbacks, closers } = registration;
  let bytes = THING_BYTES;
  for (const text of [character, name, persona, card?.persona ?? persona]) bytes += weightOf(text);
  for (const text of fallbacks) bytes += weightOf(text);
  for (const text of closers) bytes += weightOf(text);
  return bytes;
}

/**
 * A byte a character, as Latin text takes. Other text takes two, which only a walk through all of it
 * would tell: what is really held is at most twice the bound.
 */
function weightOf(text: string): number {
  return TEXT_BYTES + text.length;
}
