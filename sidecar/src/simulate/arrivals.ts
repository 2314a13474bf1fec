import { type Priority, PRIORITIES } from "@banterwire/protocol";
import type { Random } from "./random.ts";
import type { Scenario } from "./scenario.ts";

/** One cue of the game: when, where, and to which of the room's characters. */
export interface Arrival {
  readonly atMs: number;
  readonly room: number;
  /** From 0, of the room's. */
  readonly character: number;
  readonly priority: Priority;
}

/**
 * The cues of a game in the order of time: independent (Poisson) ones of players and rooms, and
 * crowds of them, at random moments or at set ones. Open-loop: none waits for an answer.
 */
export class Arrivals {
  readonly #scenario: Scenario;
  readonly #random: Random;
  readonly #endMs: number;
  readonly #perMs: Readonly<Record<Priority, number>>;
  readonly #totalPerMs: number;
  /** Of crowds, ascending. */
  readonly #crowds: readonly Arrival[];
  #nextCrowd = 0;
  #nextSingle: Arrival | undefined;
  #singleMs = 0;

  constructor(scenario: Scenario, random: Random) {
    this.#scenario = scenario;
    this.#random = random;
    this.#endMs = scenario.minutes * 60_000;
    this.#perMs = {
      reply: (scenario.players * scenario.repliesPerPlayerMinute) / 60_000,
      nearby: (scenario.players * scenario.nearbyPerPlayerMinute) / 60_000,
      ambient: (scenario.rooms * scenario.ambientPerRoomMinute) / 60_000,
    };
    this.#totalPerMs = this.#perMs.reply + this.#perMs.nearby + this.#perMs.ambient;
    this.#crowds = [...this.#bursts(), ...this.#raids()].sort((a, b) => a.atMs - b.atMs);
    this.#nextSingle = this.#single();
  }

  /** Undefined when the game is over. */
  next(): Arrival | undefined {
    const crowd = this.#crowds[this.#nextCrowd];
    const single = this.#nextSingle;
    if (crowd && (!single || crowd.atMs <= single.atMs)) {
      this.#nextCrowd++;
      return crowd;
    }
    this.#nextSingle = this.#single();
    return single;
  }

  #single(): Arrival | undefined {
    if (this.#totalPerMs === 0) return undefined;
    this.#singleMs += this.#random.exponential(1 / this.#totalPerMs);
    if (this.#singleMs >= this.#endMs) return undefined;
    const priority = this.#priority();
    return this.#cue(this.#singleMs, this.#roomFor(priority), priority);
  }

  #priority(): Priority {
    let left = this.#random.next() * this.#totalPerMs;
    for (const priority of PRIORITIES) {
      left -= this.#perMs[priority];
      if (left < 0) return priority;
    }
    return "reply";
  }

  /** Players are spread evenly over the rooms; where there are fewer than rooms, some are empty. */
  #roomFor(priority: Priority): number {
    const { players, rooms } = this.#scenario;
    if (priority === "ambient") return this.#random.below(rooms);
    return this.#random.below(players) % rooms;
  }

  #cue(atMs: number, room: number, priority: Priority): Arrival {
    const character = this.#random.below(this.#scenario.charactersPerRoom);
    return { atMs, room, character, priority };
  }

  *#bursts(): Generator<Arrival> {
    for (const { perMinute, ...crowd } of this.#scenario.bursts) {
      if (perMinute === 0) continue;
      let atMs = this.#random.exponential(60_000 / perMinute);
      for (; atMs < this.#endMs; atMs += this.#random.exponential(60_000 / perMinute)) {
        yield* this.#crowd(atMs, this.#random.below(this.#scenario.rooms), crowd);
      }
    }
  }

  *#raids(): Generator<Arrival> {
    for (const { atSeconds, rooms, ...crowd } of this.#scenario.raids) {
      for (let room = 0; room < rooms; room++) yield* this.#crowd(atSeconds * 1_000, room, crowd);
    }
  }

  *#crowd(
    atMs: number,
    room: number,
    { cues, withinMs, priority }: Omit<Scenario["bursts"][number], "perMinute">,
  ): Generator<Arrival> {
    for (let index = 0; index < cues; index++) {
      const cueMs = atMs + this.#random.next() * withinMs;
      if (cueMs < this.#endMs) yield this.#cue(cueMs, room, priority);
    }
  }
}
