import { join } from "node:path";
import type { Bench, Figure, Figures } from "./bench.ts";
import { figureOf } from "./bench.ts";
import type { RoutingAnswer, RoutingQuestion } from "./routing/routing-process.ts";
import { Child } from "./support/child.ts";
import { type Scale, scaleFromEnv } from "./support/scale.ts";
import { quantileOf } from "./support/statistics.ts";

interface Plan {
  readonly rounds: number;
  readonly cues: number;
}

const PLANS: Readonly<Record<Scale, Plan>> = {
  quick: { rounds: 2, cues: 2_000 },
  usual: { rounds: 8, cues: 10_000 },
  long: { rounds: 20, cues: 50_000 },
};
const CHARACTERS = [10, 100, 1_000, 10_000] as const;

/** From a decoded cue to the decision to send it, among so many characters. */
export const routing: Bench = {
  name: "routing",
  about: "from a decoded cue to the decision to send it, among 10 to 10,000 characters",
  goals: { "10000 characters, p99": { atMost: 50 } },
  run: () => run(PLANS[scaleFromEnv()]),
};

async function run({ rounds, cues }: Plan): Promise<Figures> {
  const figures: Figures = {};
  for (const characters of CHARACTERS) {
    const answers: RoutingAnswer[] = [];
    for (let round = 0; round < rounds; round++) {
      // A process for each: what one leaves behind is no other's.
      const child = new Child<RoutingQuestion, RoutingAnswer>(
        join(import.meta.dirname, "routing", "routing-process.ts"),
        [],
        ["--expose-gc"],
      );
      try {
        answers.push(await child.ask({ characters, cues }));
      } finally {
        await child.stop();
      }
    }
    const key = `${characters} characters`;
    const perRound = (valueOf: (answer: RoutingAnswer) => number, unit: string): Figure =>
      figureOf(answers.map(valueOf), unit);
    for (const [name, q] of [
      ["p50", 0.5],
      ["p99", 0.99],
    ] as const) {
      figures[`${key}, ${name}`] = perRound(({ decisionUs }) => quantileOf(decisionUs, q), "us");
      figures[`${key}, work that decides nothing, ${name}`] = perRound(
        ({ noiseUs }) => quantileOf(noiseUs, q),
        "us",
      );
    }
    figures[`${key}, with a garbage collection in them`] = perRound(
      ({ decisionUs, undisturbedUs }) => decisionUs.length - undisturbedUs.length,
      `of ${cues}`,
    );
    figures[`${key}, p99 of the others`] = perRound(
      ({ undisturbedUs }) => quantileOf(undisturbedUs, 0.99),
      "us",
    );
    figures[`${key}, memory of each`] = perRound(({ bytesPerCharacter }) => bytesPerCharacter, "B");
  }
  return figures;
}
