import type { Bench, Figures } from "./bench.ts";
import { type CancelPlan, measureCancel } from "./budget/cancel.ts";
import { measureDeadlines } from "./budget/deadlines.ts";
import { type LatenessPlan, measureLateness } from "./budget/lateness.ts";
import { type LeaksPlan, measureLeaks } from "./budget/leaks.ts";
import { seededRandom } from "./support/random.ts";
import { type Scale, scaleFromEnv } from "./support/scale.ts";
import { buildSidecar } from "./support/sidecar.ts";

interface Plan {
  readonly lateness: LatenessPlan;
  readonly cancel: CancelPlan;
  readonly leaks: LeaksPlan;
  readonly deadlines: number;
}

const PLANS: Readonly<Record<Scale, Plan>> = {
  quick: {
    lateness: { rounds: 2, roundMs: 1_000 },
    cancel: { rounds: 4, perRound: 25 },
    leaks: { cancels: 1_000, looks: 8 },
    deadlines: 5_000,
  },
  usual: {
    lateness: { rounds: 4, roundMs: 3_000 },
    cancel: { rounds: 10, perRound: 50 },
    leaks: { cancels: 10_000, looks: 16 },
    deadlines: 50_000,
  },
  // Half an hour: 3 minutes of lateness, 2 and 5 of cancels, 21 of deadlines.
  long: {
    lateness: { rounds: 6, roundMs: 4_000 },
    cancel: { rounds: 20, perRound: 100 },
    leaks: { cancels: 100_000, looks: 32 },
    deadlines: 1_000_000,
  },
};

const SEED = 20_261_121;

/** Whether the budget is kept when the model is late, and what giving up costs. */
export const budget: Bench = {
  name: "budget",
  about: "lateness of fallbacks under load, from a cancel to the upstream's FIN, leaks of cancels",
  goals: {
    "idle: fallbacks too early": { atMost: 0 },
    "idle: fallbacks missing": { atMost: 0 },
    "idle: lateness over bare timers, p99.9": { atMost: 2 },
    "half: fallbacks too early": { atMost: 0 },
    "half: fallbacks missing": { atMost: 0 },
    "half: lateness over bare timers, p99.9": { atMost: 2 },
    "full: fallbacks too early": { atMost: 0 },
    "full: fallbacks missing": { atMost: 0 },
    "full: lateness over bare timers, p99.9": { atMost: 2 },
    "many: deadlines looked at, of those wanted": { atLeast: 1 },
    "many: fallbacks too early": { atMost: 0 },
    "many: fallbacks missing": { atMost: 0 },
    "cancel to FIN over a direct destroy, p99": { atMost: 1.5 },
    "descriptors gained per 1,000 cancels, at least": { atMost: 0 },
    "upstream sockets gained per 1,000 cancels, at least": { atMost: 0 },
    "heap gained per cancel": { atMost: 16 },
    "generations and lines left open": { atMost: 0 },
  },
  run: () => run(PLANS[scaleFromEnv()]),
};

async function run(plan: Plan): Promise<Figures> {
  const random = seededRandom(SEED);
  buildSidecar();
  return {
    ...(await measureLateness(plan.lateness, random)),
    ...(await measureCancel(plan.cancel, random)),
    ...(await measureLeaks(plan.leaks, random)),
    ...(await measureDeadlines(plan.deadlines, random)),
  };
}
