import { type Bench, type Figures, figureOf } from "./bench.ts";
import { startFleet } from "./overhead/fleet.ts";
import { LATENCY_LEVELS, type LatencyPlan, measureLatency } from "./overhead/latency.ts";
import { measureMemory, type MemoryPlan } from "./overhead/memory.ts";
import { measureStartUp } from "./overhead/start-up.ts";
import { measureThroughput, type ThroughputPlan } from "./overhead/throughput.ts";
import { seededRandom } from "./support/random.ts";
import { buildSidecar } from "./support/sidecar.ts";
import { type Scale, scaleFromEnv } from "./support/scale.ts";
import { quantileOf } from "./support/statistics.ts";

interface Plan {
  readonly latency: LatencyPlan;
  readonly throughput: ThroughputPlan;
  readonly memory: MemoryPlan;
  readonly startUps: number;
}

const PLANS: Readonly<Record<Scale, Plan>> = {
  quick: {
    latency: { rounds: 5, roundMs: 800 },
    throughput: { rounds: 2, roundMs: 1_500 },
    memory: { rounds: 1, holdMs: 500 },
    startUps: 3,
  },
  usual: {
    latency: { rounds: 16, roundMs: 1_000 },
    throughput: { rounds: 4, roundMs: 2_000 },
    memory: { rounds: 1, holdMs: 1_000 },
    startUps: 7,
  },
  long: {
    latency: { rounds: 60, roundMs: 2_000 },
    throughput: { rounds: 15, roundMs: 5_000 },
    memory: { rounds: 5, holdMs: 5_000 },
    startUps: 21,
  },
};

const SEED = 20_261_121;

/** What the sidecar costs, against a pipe without features run in the same interleaved rounds. */
export const overhead: Bench = {
  name: "overhead",
  about: "added TTFT, CPU, memory and start-up, against a 40-line pipe and against no sidecar",
  goals: {
    "10 streams: added TTFT over the floor's, p50": { atMost: 1.25 },
    "10 streams: added TTFT over the floor's, p99": { atMost: 1.3 },
    "10 streams: lines broken, sidecar": { atMost: 0 },
    "100 streams: added TTFT over the floor's, p50": { atMost: 1.25 },
    "100 streams: added TTFT over the floor's, p99": { atMost: 1.3 },
    "100 streams: lines broken, sidecar": { atMost: 0 },
    "512 streams: tokens per CPU-second over the floor's": { atLeast: 0.85 },
    "512 streams of 60-token lines: tokens per CPU-second over the floor's": { atLeast: 0.85 },
    "512 streams: game CPU over the ollama package's": { atMost: 1 / 3 },
    "512 streams: game CPU over raw undici's": { atMost: 1 },
    "512 streams: lines broken, sidecar": { atMost: 0 },
    "512 streams of 60-token lines: lines broken, sidecar": { atMost: 0 },
    "memory at rest, sidecar": { atMost: 90 },
    "memory per active stream over the floor's": { atMost: 1.2 },
    "streams of 20 tok/s held, sidecar": { atLeast: 2_000 },
    "start-up: listening over node -e 0": { atMost: 5 },
  },
  run: () => run(PLANS[scaleFromEnv()]),
};

async function run(plan: Plan): Promise<Figures> {
  const random = seededRandom(SEED);
  buildSidecar();
  const figures: Figures = {};
  const fleet = await startFleet();
  try {
    for (const level of LATENCY_LEVELS) {
      Object.assign(figures, await measureLatency(fleet, level, plan.latency, random));
    }
    Object.assign(figures, await measureThroughput(fleet, plan.throughput, random));
    const lateness = await fleet.noise.lateness();
    const noise = quantileOf(lateness, 0.99);
    figures["a bare timer's lateness in a process of its own, p99"] = figureOf([noise], "ms");
  } finally {
    await fleet.stop();
  }
  Object.assign(figures, await measureMemory(plan.memory, random));
  Object.assign(figures, await measureStartUp(plan.startUps, random));
  return figures;
}
