import { MAX_PREFIXES } from "../policy/warmth.ts";
import type { Random } from "./random.ts";
import type { Scenario } from "./scenario.ts";

/** Of the texts that are made up, as of English. */
export const CHARS_PER_TOKEN = 4;
/** Different things that are said; an exact repeat is as rare as in a game. */
const HAPPENINGS = 4_096;
const LENGTH_SPREAD = 0.4;

/** A character with a persona; others may share either. */
export interface CastMember {
  /** From 0, of its room's. */
  readonly character: string;
  /** The stable start of its prompts. */
  readonly prefix: string;
}

/** Who speaks and what happens: texts that only their lengths and their differences matter of. */
export class Cast {
  /** Each that there is, once; no more than an endpoint looks after. */
  readonly speakers: readonly CastMember[];
  /** The stable starts of prompts, one for each persona. */
  readonly #prefixes: readonly string[];
  readonly #charactersPerRoom: number;
  readonly #happenings: readonly string[];
  readonly #random: Random;

  constructor(scenario: Scenario, random: Random) {
    const { rooms, charactersPerRoom, personas = charactersPerRoom, prompt } = scenario;
    this.#charactersPerRoom = charactersPerRoom;
    this.#random = random;
    this.#prefixes = Array.from({ length: personas }, (_, index) =>
      textOf(`persona ${index} `, prompt.personaTokens),
    );
    const all = Math.min(rooms * charactersPerRoom, leastCommon(charactersPerRoom, personas));
    const pairs = Math.min(all, MAX_PREFIXES);
    this.speakers = Array.from({ length: pairs }, (_, at) => ({
      character: String(at % charactersPerRoom),
      prefix: this.#prefixes[at % personas] ?? "",
    }));
    this.#happenings = Array.from({ length: HAPPENINGS }, (_, index) =>
      textOf(`${index} `, prompt.cueTokens * random.logNormal(LENGTH_SPREAD)),
    );
  }

  /** Rooms are alike: with as many personas as characters in a room, each room has the same ones. */
  promptFor(room: number, character: number): readonly [prefix: string, happening: string] {
    const persona = (room * this.#charactersPerRoom + character) % this.#prefixes.length;
    const happening = this.#random.below(HAPPENINGS);
    return [this.#prefixes[persona] ?? "", this.#happenings[happening] ?? ""];
  }
}

function textOf(start: string, tokens: number): string {
  return start.padEnd(Math.round(tokens * CHARS_PER_TOKEN), "x");
}

/** The least common multiple. */
function leastCommon(a: number, b: number): number {
  let [divisor, rest] = [a, b];
  while (rest > 0) [divisor, rest] = [rest, divisor % rest];
  return (a / divisor) * b;
}
