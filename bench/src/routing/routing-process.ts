/** Decisions among so many characters, in a process of its own. */
import { PerformanceObserver } from "node:perf_hooks";
import { setImmediate as turn } from "node:timers/promises";
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
  /** Those of them in which V8 collected no garbage. */
  readonly undisturbedUs: readonly number[];
  /** As many stretches of work that takes about as long and decides nothing: the machine's noise. */
  readonly noiseUs: readonly number[];
  /** Heap for each character, its persona of some 600 characters included. */
  readonly bytesPerCharacter: number;
}

/** From a moment to another one, on the clock of `performance.now`. */
interface Span {
  readonly fromMs: number;
  readonly toMs: number;
}

/** So that the code is compiled by the time it counts: the last tier comes after some thousands. */
const WARM_UP_CUES = 20_000;
/** Heap is looked at of so many characters, in as many stages as it takes. */
const WEIGHED_CHARACTERS = 10_000;
const COLLECTIONS = 3;
const SEED = 1;
const US_PER_MS = 1_000;
const SPIN_STEPS = 3_000;

answerParent(async ({ characters, cues }: RoutingQuestion): Promise<RoutingAnswer> => {
  const random = seededRandom(SEED);
  const some = (): number => Math.floor(random() * characters);
  const stage = new DecisionStage(characters);
  for (let cue = 0; cue < WARM_UP_CUES; cue++) stage.cue(some());
  const collections: Span[] = [];
  const observer = new PerformanceObserver((list) => {
    for (const { startTime, duration } of list.getEntries()) {
      collections.push({ fromMs: startTime, toMs: startTime + duration });
    }
  });
  observer.observe({ entryTypes: ["gc"] });
  const decisions: Span[] = [];
  const noiseUs: number[] = [];
  for (let cue = 0; cue < cues; cue++) {
    decisions.push(stage.cue(some()));
    noiseUs.push(spinMs() * US_PER_MS);
  }
  // The observer is told in turns of their own.
  for (let count = 0; count < COLLECTIONS; count++) await turn();
  observer.disconnect();
  const bytesPerCharacter = bytesOf(characters);
  // Its own heap is no difference only while it is there.
  stage.cue(0);
  return {
    decisionUs: decisions.map(usOf),
    undisturbedUs: without(decisions, collections).map(usOf),
    noiseUs,
    bytesPerCharacter,
  };
});

function usOf({ fromMs, toMs }: Span): number {
  return (toMs - fromMs) * US_PER_MS;
}

/** The spans that have none of the others in them; both in the order of time. */
function without(spans: readonly Span[], others: readonly Span[]): Span[] {
  let next = 0;
  return spans.filter(({ fromMs, toMs }) => {
    while ((others[next]?.toMs ?? Infinity) <= fromMs) next++;
    return (others[next]?.fromMs ?? Infinity) >= toMs;
  });
}

/** Takes some ten microseconds of arithmetic, which allocates nothing. */
function spinMs(): number {
  const fromMs = performance.now();
  let sum = 0;
  for (let step = 0; step < SPIN_STEPS; step++) sum = (sum + step * step) % 1_000_003;
  if (sum < 0) throw new Error("a sum of squares below 0");
  return performance.now() - fromMs;
}

/** What a stage costs without its characters is no character's: what more of them cost is. */
function bytesOf(characters: number): number {
  const stages = Math.ceil(WEIGHED_CHARACTERS / characters);
  const bytesWithOne = heapOf(stages, 1);
  return (heapOf(stages, characters + 1) - bytesWithOne) / (stages * characters);
}

function heapOf(stages: number, characters: number): number {
  const before = heapBytes();
  const all = Array.from({ length: stages }, () => new DecisionStage(characters));
  const bytes = heapBytes() - before;
  // Nobody collects what is still to be used.
  for (const stage of all) stage.cue(0);
  return bytes;
}

function heapBytes(): number {
  for (let count = 0; count < COLLECTIONS; count++) globalThis.gc?.();
  return process.memoryUsage().heapUsed;
}
