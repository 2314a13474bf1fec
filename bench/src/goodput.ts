import type { Bench, Figures } from "./bench.ts";
import { measureOverload, type OverloadPlan } from "./goodput/overload.ts";
import { measureWarmth, type WarmthPlan } from "./goodput/warmth.ts";
import { seededRandom } from "./support/random.ts";
import { type Scale, scaleFromEnv } from "./support/scale.ts";
import { buildSidecar } from "./support/sidecar.ts";

interface Plan {
  readonly overload: OverloadPlan;
  readonly warmth: WarmthPlan;
}

const PLANS: Readonly<Record<Scale, Plan>> = {
  quick: { overload: { rounds: 1, roundMs: 8_000 }, warmth: { laps: 1 } },
  usual: { overload: { rounds: 4, roundMs: 15_000 }, warmth: { laps: 2 } },
  long: { overload: { rounds: 12, roundMs: 30_000 }, warmth: { laps: 10 } },
};
const SEED = 20_261_121;

/** What is left of the model's answers when more is asked than the slots can serve. */
export const goodput: Bench = {
  name: "goodput",
  about: "hits per second at 0.5 to 4 times what the slots can serve; prefixes warm and cold",
  goals: {
    "1 slots, sidecar: goodput at 2x over that at 1x": { atLeast: 0.95 },
    "4 slots, sidecar: goodput at 2x over that at 1x": { atLeast: 0.95 },
  },
  run: () => run(PLANS[scaleFromEnv()]),
};

async function run({ overload, warmth }: Plan): Promise<Figures> {
  buildSidecar();
  const random = seededRandom(SEED);
  return { ...(await measureOverload(overload, random)), ...(await measureWarmth(warmth)) };
}
