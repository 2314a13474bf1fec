import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { type Bench, type Bound, type Figures, figureOf } from "./bench.ts";
import { ATTACK_NAMES, type AttackName, CONTROL } from "./hostile/attacks.ts";
import type { AttackerQuestion } from "./hostile/attacker-process.ts";
import { Child } from "./support/child.ts";
import { type Game, type Heard, startGame } from "./support/game.ts";
import { startNoise } from "./support/noise.ts";
import { startPacedUpstream } from "./support/paced-upstream.ts";
import { seededRandom } from "./support/random.ts";
import { type Scale, scaleFromEnv } from "./support/scale.ts";
import { assertRateKept } from "./support/schedule.ts";
import { buildSidecar, type SidecarProcess, startWarmSidecar } from "./support/sidecar.ts";
import { figureOfInterval, pooledQuantile, quantileOf } from "./support/statistics.ts";
import { cpuMsOf, descriptorsOf, residentBytesOf } from "./support/usage.ts";

interface Plan {
  /** Of each attack; each has a quiet one, and one with the attack elsewhere, beside it. */
  readonly rounds: number;
  readonly roundMs: number;
}

const PLANS: Readonly<Record<Scale, Plan>> = {
  quick: { rounds: 2, roundMs: 1_500 },
  usual: { rounds: 6, roundMs: 4_000 },
  long: { rounds: 20, roundMs: 8_000 },
};

/** The game that is not to notice: open-loop arrivals, about 40 lines open at a time. */
const PER_SECOND = 100;
const PACE = { tokens: 16, gapMs: 25, prefillMs: 20 } as const;
const WARM_UP = { perSecond: PER_SECOND, forMs: 3_000, seed: 0, pace: PACE };
/** An attack has reached its strength, and what it left behind is gone. */
const SETTLE_MS = 1_000;
/** Lost connections may come back no more. */
const FORGET_MS = 7_000;
const SLOTS = 512;
const SEED = 20_261_121;
/** To run some of them alone: `HOSTILE_ATTACKS=storm npm run bench -- hostile`. */
const CHOSEN = ATTACK_NAMES.filter((attack) =>
  attack.includes(process.env["HOSTILE_ATTACKS"] ?? ""),
);
const BYTES_PER_MB = 1e6;

const GOAL: Bound = { atMost: 1.2 };
/** What players wait for, and what of it is not the engine's. */
const TIMES = { TTFT: "ttftMs", "TTFT less prefill": "transitMs" } as const;
type Time = keyof typeof TIMES;
const TIME_NAMES = Object.keys(TIMES) as Time[];

/** What a peer's hostility does to the others. */
export const hostile: Bench = {
  name: "hostile",
  about: "what slow handshakes, idle sockets, floods and reconnect storms do to another game",
  goals: {
    ...Object.fromEntries(
      CHOSEN.filter((attack) => attack !== CONTROL).flatMap((attack) =>
        TIME_NAMES.map((time) => [ratioKey(attack, time), GOAL] as const),
      ),
    ),
    "lines broken": { atMost: 0 },
  },
  run: () => run(PLANS[scaleFromEnv()]),
};

function ratioKey(attack: AttackName, time: Time): string {
  return `${attack}: the others' ${time}, p99, against quiet`;
}

interface Measured {
  readonly quiet: Heard[];
  readonly attacked: Heard[];
  /** While another sidecar had the same attack: what the machine's cores are short of. */
  readonly elsewhere: Heard[];
  /** Of the sidecar, in the attacked rounds: that an attack was one. */
  readonly cpuShare: number[];
  readonly residentMb: number[];
  readonly descriptors: number[];
}

async function run({ rounds, roundMs }: Plan): Promise<Figures> {
  if (CHOSEN.length === 0) {
    throw new Error(`HOSTILE_ATTACKS fits none of: ${ATTACK_NAMES.join(", ")}`);
  }
  buildSidecar();
  const upstream = await startPacedUpstream();
  const sidecar = await startWarmSidecar({ origin: upstream.origin, slots: SLOTS, probe: true });
  const another = await startWarmSidecar({ origin: upstream.origin, slots: SLOTS });
  const game = await startGame("sidecar", sidecar.url);
  const attacker = new Child<AttackerQuestion, null>(
    join(import.meta.dirname, "hostile", "attacker-process.ts"),
  );
  const noise = await startNoise();
  const figures: Figures = {};
  let broken = 0;
  try {
    await game.arrivals(WARM_UP);
    const heapBefore = await sidecar.heapBytes();
    for (const attack of CHOSEN) {
      const measured: Measured = {
        quiet: [],
        attacked: [],
        elsewhere: [],
        cpuShare: [],
        residentMb: [],
        descriptors: [],
      };
      for (let round = 1; round <= rounds; round++) {
        measured.quiet.push(await listen(game, round, roundMs, "quiet"));
        await under(attack, sidecar, attacker, async () => {
          const [cpuMs, startedMs] = [cpuMsOf(sidecar.pid), performance.now()];
          measured.attacked.push(await listen(game, round, roundMs, attack));
          const tookMs = performance.now() - startedMs;
          measured.cpuShare.push((100 * (cpuMsOf(sidecar.pid) - cpuMs)) / tookMs);
          measured.residentMb.push(residentBytesOf(sidecar.pid) / BYTES_PER_MB);
          measured.descriptors.push(descriptorsOf(sidecar.pid));
        });
        await under(attack, another, attacker, async () => {
          measured.elsewhere.push(await listen(game, round, roundMs, `${attack}, elsewhere`));
        });
      }
      Object.assign(figures, figuresOf(attack, measured));
      const { quiet, attacked, elsewhere } = measured;
      for (const one of [...quiet, ...attacked, ...elsewhere]) broken += one.broken;
    }
    figures["lines broken"] = figureOf([broken], "lines");
    await sleep(FORGET_MS);
    const gained = (await sidecar.heapBytes()) - heapBefore;
    figures["heap gained over all attacks"] = figureOf([gained / BYTES_PER_MB], "MB");
    const lateness = quantileOf(await noise.lateness(), 0.99);
    figures["a bare timer's lateness in a process of its own, p99"] = figureOf([lateness], "ms");
    return figures;
  } finally {
    await noise.stop();
    await attacker.stop();
    await game.stop();
    await another.stop();
    await sidecar.stop();
    await upstream.stop();
  }
}

/** Does something while an attack goes on. */
async function under(
  attack: AttackName,
  sidecar: SidecarProcess,
  attacker: Child<AttackerQuestion, null>,
  act: () => Promise<void>,
): Promise<void> {
  const port = Number(new URL(sidecar.url).port);
  await attacker.ask({ ask: "begin", attack, port });
  await sleep(SETTLE_MS);
  await act();
  await attacker.ask({ ask: "end" });
  await sleep(SETTLE_MS);
}

async function listen(game: Game, seed: number, forMs: number, what: string): Promise<Heard> {
  const heard = await game.arrivals({ perSecond: PER_SECOND, forMs, seed, pace: PACE });
  const { count = 0, perSecond = 0 } = heard.launches ?? {};
  assertRateKept(perSecond, (count * 1_000) / forMs, what);
  return heard;
}

function figuresOf(attack: AttackName, measured: Measured): Figures {
  const figures: Figures = {};
  for (const time of TIME_NAMES) {
    const timesOf = (rounds: readonly Heard[]) => rounds.map((heard) => heard[TIMES[time]]);
    const against = (rounds: readonly Heard[]) =>
      pooledQuantile(timesOf(rounds), timesOf(measured.quiet), 0.99, seededRandom(SEED));
    const p99 = against(measured.attacked);
    figures[`${attack}: ${time}, p99, quiet`] = figureOfInterval(p99.other, "ms");
    figures[`${attack}: ${time}, p99, attacked`] = figureOfInterval(p99.one, "ms");
    figures[ratioKey(attack, time)] = figureOfInterval(p99.ratio, "x");
    figures[`${attack}, on another sidecar: ${time}, p99, against quiet`] = figureOfInterval(
      against(measured.elsewhere).ratio,
      "x",
    );
  }
  figures[`${attack}: CPU of the sidecar`] = figureOf(measured.cpuShare, "% of a core");
  figures[`${attack}: memory of the sidecar`] = figureOf(measured.residentMb, "MB");
  figures[`${attack}: descriptors of the sidecar`] = figureOf(measured.descriptors, "descriptors");
  return figures;
}
