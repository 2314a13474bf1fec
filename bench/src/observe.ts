import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { type Bench, figureOf, type Figures } from "./bench.ts";
import { type Game, startGame } from "./support/game.ts";
import { type PacedUpstream, startPacedUpstream } from "./support/paced-upstream.ts";
import { seededRandom } from "./support/random.ts";
import { scaleFromEnv } from "./support/scale.ts";
import { type SidecarProcess, startWarmSidecar } from "./support/sidecar.ts";
import { figureOfInterval, ratioOfRounds } from "./support/statistics.ts";
import { cpuMsOf } from "./support/usage.ts";

/** Of each sidecar: all of them stream at once, so that each window is the same for all. */
const STREAMS = 64;
/** 20 tokens a second, and about 21 lines a second begun and ended. */
const PACE = { tokens: 60, gapMs: 50, prefillMs: 20 } as const;
const RAMP_MS = 3_000;
const WINDOW_MS = 4_000;
const WINDOWS = 8;
/** Fresh processes: where one happens to lie in memory is luck that all its windows share. */
const GENERATIONS = { quick: 1, usual: 4, long: 12 } as const;
/** Of the tokens that are due; fewer, and the machine was too busy to keep the pace. */
const LEAST_TOKENS = 0.9;
/** Of all windows; with fewer in which the pace was kept, the run is void. */
const LEAST_WINDOWS = 0.5;
const SEED = 1;

/** What each sidecar keeps: metrics, and the least severe level of its log. */
const VARIANTS = {
  "nothing kept": { metrics: "off", logLevel: "silent" },
  metrics: { metrics: "on", logLevel: "silent" },
  "log at info": { metrics: "off", logLevel: "info" },
  "metrics and log at info": { metrics: "on", logLevel: "info" },
} as const;
type Variant = keyof typeof VARIANTS;
const NAMES = Object.keys(VARIANTS) as Variant[];

/** One sidecar with an upstream and a game of its own. */
interface Setup {
  readonly variant: Variant;
  readonly upstream: PacedUpstream;
  readonly sidecar: SidecarProcess;
  readonly game: Game;
}

type Measured = Record<Variant, number[]>;

export const observe: Bench = {
  name: "observe",
  about: "what metrics and logs cost: tokens per CPU-second of the sidecar, with and without them",
  goals: {},
  async run() {
    const measured: Measured = {
      "nothing kept": [],
      metrics: [],
      "log at info": [],
      "metrics and log at info": [],
    };
    const generations = GENERATIONS[scaleFromEnv()];
    for (let count = 0; count < generations; count++) await generation(measured);
    const kept = measured.metrics.length / (generations * WINDOWS);
    if (kept < LEAST_WINDOWS) {
      throw new Error(`the run is void: the pace was kept in ${kept * 100}% of the windows only`);
    }
    return { ...figuresOf(measured), "windows in which the pace was kept": figureOf([kept], "x") };
  },
};

async function generation(measured: Measured): Promise<void> {
  const setups: Setup[] = [];
  try {
    for (const variant of NAMES) setups.push(await start(variant));
    await Promise.all(
      setups.map(({ game }) => game.hold({ streams: STREAMS, rampMs: RAMP_MS, pace: PACE })),
    );
    for (let window = 0; window < WINDOWS; window++) await measureWindow(setups, measured);
    await Promise.all(setups.map(checkLines));
  } finally {
    await Promise.all(setups.map(stop));
  }
}

async function start(variant: Variant): Promise<Setup> {
  const { metrics, logLevel } = VARIANTS[variant];
  const script = join(import.meta.dirname, "observe", "sidecar-process.ts");
  const command = ["--conditions=@banterwire/source", script, metrics, logLevel];
  const upstream = await startPacedUpstream();
  const sidecar = await startWarmSidecar({ origin: upstream.origin, slots: 2 * STREAMS, command });
  return { variant, upstream, sidecar, game: await startGame("sidecar", sidecar.url) };
}

async function stop({ upstream, sidecar, game }: Setup): Promise<void> {
  await game.stop();
  await Promise.all([sidecar.stop(), upstream.stop()]);
}

/** Tokens per CPU-second of all sidecars over the same time, if each of them kept the pace. */
async function measureWindow(setups: readonly Setup[], measured: Measured): Promise<void> {
  const before = await Promise.all(setups.map(readingOf));
  await sleep(WINDOW_MS / 2);
  // Prometheus asks every 15 s unless told otherwise; once in 4 s is more than its share.
  for (const { variant, sidecar } of setups) {
    if (VARIANTS[variant].metrics === "on") await scrape(sidecar);
  }
  await sleep(WINDOW_MS / 2);
  const after = await Promise.all(setups.map(readingOf));
  const spent = after.map(({ atMs, tokens, cpuMs }, index) => ({
    due: (STREAMS * (atMs - before[index]!.atMs)) / PACE.gapMs,
    tokens: tokens - before[index]!.tokens,
    cpuMs: cpuMs - before[index]!.cpuMs,
  }));
  if (spent.some(({ tokens, due }) => tokens < LEAST_TOKENS * due)) return;
  for (const [index, { tokens, cpuMs }] of spent.entries()) {
    measured[setups[index]!.variant].push(tokens / (cpuMs / 1_000));
  }
}

interface Reading {
  readonly atMs: number;
  readonly tokens: number;
  readonly cpuMs: number;
}

async function readingOf({ upstream, sidecar }: Setup): Promise<Reading> {
  const { tokens } = await upstream.books();
  return { atMs: performance.now(), tokens, cpuMs: cpuMsOf(sidecar.pid) };
}

async function checkLines({ game, variant }: Setup): Promise<void> {
  const { broken } = await game.release();
  if (broken > 0) throw new Error(`the run is void: ${broken} lines were not whole (${variant})`);
}

async function scrape({ url }: SidecarProcess): Promise<void> {
  const response = await fetch(new URL("/metrics", url.replace("ws:", "http:")));
  if (!(await response.text()).includes("banterwire_cues_total")) throw new Error("no metrics");
}

function figuresOf(measured: Measured): Figures {
  const figures: Figures = {};
  const random = seededRandom(SEED);
  for (const name of NAMES) {
    figures[`tokens per CPU-second, ${name}`] = figureOf(measured[name], "1/s");
  }
  for (const name of NAMES.slice(1)) {
    const ratio = ratioOfRounds(measured[name], measured["nothing kept"], random);
    figures[`${name}, against nothing kept`] = figureOfInterval(ratio, "x");
  }
  return figures;
}
