/** Decisions among so many characters, in a process of its own. */
import { DecisionStage } from "@banterwire/sidecar/testing";
import { answerParent } from "../support/child.ts";
import { seededRandom } from "../support/random.ts";

export interface RoutingQuestion {
  readonly characters: number;
  readonly cues: number;
}

export interface RoutingAnswer {
  /** From a decoded cue to the decision to send it, microseconds. */
  readonly decisionUs: readonly number[];
  /** As many stretches of work that takes about as long and decides nothing: the machine's noise. */
  readonly noiseUs: readonly number[];
  /** Heap for each character, its persona of some 600 characters included. */
  readonly bytesPerCharacter: number;
}

/** So that the code is compiled by the time it counts. */
const WARM_UP_CUES = 2_000;
const SEED = 1;
const US_PER_MS = 1_000;
const SPIN_STEPS = 8_000;

answerParent(({ characters, cues }: RoutingQuestion): RoutingAnswer => {
  const random = seededRandom(SEED);
  const some = (): number => Math.floor(random() * characters);
  // What a stage costs without characters is no character's.
  const first = new DecisionStage(1);
  for (let cue = 0; cue < WARM_UP_CUES; cue++) first.cue(cue);
  const before = heapBytes();
  const stage = new DecisionStage(characters);
  const bytesPerCharacter = (heapBytes() - before) / characters;
  for (let cue = 0; cue < WARM_UP_CUES; cue++) stage.cue(some());
  const decisionUs: number[] = [];
  const noiseUs: number[] = [];
  for (let cue = 0; cue < cues; cue++) {
    decisionUs.push(stage.cue(some()) * US_PER_MS);
    noiseUs.push(spinMs() * US_PER_MS);
  }
  return { decisionUs, noiseUs, bytesPerCharacter };
});

/** Takes some tens of microseconds of arithmetic, which allocates nothing. */
function spinMs(): number {
  const fromMs = performance.now();
  let sum = 0;
  for (let step = 0; step < SPIN_STEPS; step++) sum = (sum + step * step) % 1_000_003;
  if (sum < 0) throw new Error("a sum of squares below 0");
  return performance.now() - fromMs;
}

function heapBytes(): number {
  globalThis.gc?.();
  return process.memoryUsage().heapUsed;
}
