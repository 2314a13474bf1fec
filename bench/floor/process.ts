/** The floor in a process of its own: `process.ts ORIGIN`. It can also carry bare timers. */
import { answerParent } from "../src/support/child.ts";
import { poissonSchedule } from "../src/support/schedule.ts";
import { servePipe } from "./pipe.ts";

export type FloorQuestion =
  | { readonly ask: "port" }
  /** Sets bare timers of `delayMs` and answers with how late each fired, milliseconds. */
  | {
      readonly ask: "timers";
      readonly perSecond: number;
      readonly delayMs: number;
      readonly forMs: number;
    };

export type FloorAnswer = readonly number[];

const [, , origin = ""] = process.argv;

servePipe(origin, (port) =>
  answerParent((question: FloorQuestion): FloorAnswer | Promise<FloorAnswer> =>
    question.ask === "port" ? [port] : bareTimers(question),
  ),
);

async function bareTimers(load: FloorQuestion & { ask: "timers" }): Promise<number[]> {
  const lateness: number[] = [];
  const arrivals = poissonSchedule(load.perSecond, load.forMs, Math.random);
  await Promise.all(
    arrivals.map(
      (atMs) =>
        new Promise<void>((resolve) => {
          setTimeout(() => {
            const dueMs = performance.now() + load.delayMs;
            setTimeout(() => {
              lateness.push(performance.now() - dueMs);
              resolve();
            }, load.delayMs);
          }, atMs);
        }),
    ),
  );
  return lateness;
}
