import { setTimeout as sleep } from "node:timers/promises";
import { type Figures, figureOf } from "../bench.ts";
import {
  assertRateKept,
  keepSchedule,
  launchesOf,
  poissonSchedule,
  preciseClock,
} from "../support/schedule.ts";
import { startWarmSidecar } from "../support/sidecar.ts";
import { saturation, startEngine } from "./engine.ts";
import { type Answered, type Cast, fifoRival, type Rival, sidecarRival } from "./rivals.ts";

export interface OverloadPlan {
  readonly rounds: number;
  readonly roundMs: number;
}

const SLOTS = [1, 4] as const;
/** Of what the slots can serve when none is ever idle. */
const LOADS = [0.5, 1, 2, 4] as const;
const CAST: Cast = { rooms: 8, characters: ["mira", "bram", "odo", "una"] };
/** For what is still streaming when a round's cues have all come. */
const SETTLE_MS = 1_500;
const RIVALS = ["sidecar", "fifo"] as const;
type RivalName = (typeof RIVALS)[number];

interface Round {
  readonly cues: number;
  readonly modelHits: number;
  readonly anyHits: number;
  readonly perSecond: number;
}

/** Cues in excess of what the slots can serve, with admission and without. */
export async function measureOverload(plan: OverloadPlan, random: () => number): Promise<Figures> {
  const figures: Figures = {};
  for (const slots of SLOTS) Object.assign(figures, await withSlots(slots, plan, random));
  return figures;
}

async function withSlots(
  slots: number,
  { rounds, roundMs }: OverloadPlan,
  random: () => number,
): Promise<Figures> {
  const engines = { sidecar: await startEngine(slots), fifo: await startEngine(slots) };
  const sidecar = await startWarmSidecar({ origin: engines.sidecar.origin, slots });
  const rivals: Record<RivalName, Rival> = {
    sidecar: await sidecarRival(sidecar, CAST),
    fifo: fifoRival(engines.fifo.origin),
  };
  const results = new Map<string, Round[]>();
  try {
    await sleep(SETTLE_MS);
    for (let round = 0; round < rounds; round++) {
      for (const load of LOADS) {
        const arrivals = arrivalsOf(load * saturation(slots), roundMs, random);
        // Side by side: what disturbs one disturbs the other.
        const [ours, theirs] = await Promise.all(
          RIVALS.map((name) => play(rivals[name], arrivals, roundMs)),
        );
        push(results, keyOf(slots, load, "sidecar"), ours);
        push(results, keyOf(slots, load, "fifo"), theirs);
        await sleep(SETTLE_MS);
      }
    }
    const { queued } = await engines.sidecar.books();
    const overbooked = {
      [`${slots} slots: sidecar's lines that waited in the engine`]: figureOf([queued], "lines"),
    };
    return { ...figuresOf(slots, results), ...overbooked };
  } finally {
    for (const rival of Object.values(rivals)) await rival.close();
    await sidecar.stop();
    for (const engine of Object.values(engines)) await engine.stop();
  }
}

interface Arrival {
  readonly afterMs: number;
  readonly room: number;
  readonly character: string;
}

function arrivalsOf(perSecond: number, forMs: number, random: () => number): Arrival[] {
  return poissonSchedule(perSecond, forMs, random).map((afterMs) => ({
    afterMs,
    room: Math.floor(random() * CAST.rooms),
    character: CAST.characters[Math.floor(random() * CAST.characters.length)] ?? "",
  }));
}

async function play(rival: Rival, arrivals: readonly Arrival[], forMs: number): Promise<Round> {
  const schedule = arrivals.map(({ afterMs }) => afterMs);
  const latenessMs: number[] = [];
  const answers: Promise<Answered>[] = [];
  await keepSchedule(schedule, preciseClock, (index, dueMs) => {
    latenessMs.push(performance.now() - dueMs);
    const { room = 0, character = "" } = arrivals[index] ?? {};
    answers.push(rival.say(room, character, dueMs));
  });
  const answered = await Promise.all(answers);
  const { perSecond } = launchesOf(schedule, forMs, latenessMs);
  assertRateKept(perSecond, (1_000 * schedule.length) / forMs, "the arrivals");
  return {
    cues: answered.length,
    modelHits: answered.filter(({ byModel }) => byModel).length,
    anyHits: answered.filter(({ byAny }) => byAny).length,
    perSecond,
  };
}

function figuresOf(slots: number, results: ReadonlyMap<string, readonly Round[]>): Figures {
  const figures: Figures = {};
  for (const load of LOADS) {
    for (const name of RIVALS) {
      const key = keyOf(slots, load, name);
      const rounds = results.get(key) ?? [];
      const of = (valueOf: (round: Round) => number, unit: string) =>
        figureOf(rounds.map(valueOf), unit);
      if (name === "sidecar") {
        figures[`${slots} slots, ${load}x: cues per second`] = of((round) => round.perSecond, "/s");
      }
      figures[`${key}: goodput`] = of(goodputOf, "hits/s");
      figures[`${key}: model hit rate`] = of(({ modelHits, cues }) => modelHits / cues, "");
      figures[`${key}: any-line hit rate`] = of(({ anyHits, cues }) => anyHits / cues, "");
    }
  }
  for (const name of RIVALS) {
    const at = (load: number): readonly Round[] => results.get(keyOf(slots, load, name)) ?? [];
    figures[`${slots} slots, ${name}: goodput at 2x over that at 1x`] = figureOf(
      [pooledGoodput(at(2)) / pooledGoodput(at(1))],
      "x",
    );
  }
  return figures;
}

function goodputOf({ modelHits, perSecond, cues }: Round): number {
  return (modelHits * perSecond) / cues;
}

/** Over all rounds: one round has few hits. */
function pooledGoodput(rounds: readonly Round[]): number {
  return rounds.reduce((sum, round) => sum + goodputOf(round), 0) / rounds.length;
}

function keyOf(slots: number, load: number, name: RivalName): string {
  return `${slots} slots, ${load}x, ${name}`;
}

function push<T>(lists: Map<string, T[]>, key: string, value: T | undefined): void {
  if (value === undefined) return;
  lists.set(key, [...(lists.get(key) ?? []), value]);
}
