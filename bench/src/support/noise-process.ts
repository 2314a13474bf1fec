import { answerParent } from "./child.ts";

const PERIOD_MS = 10;
/** Ten minutes of looking; more is forgotten. */
const MAX_SAMPLES = 60_000;
let lateness: number[] = [];

function look(): void {
  const dueMs = performance.now() + PERIOD_MS;
  setTimeout(() => {
    if (lateness.length < MAX_SAMPLES) lateness.push(performance.now() - dueMs);
    look();
  }, PERIOD_MS);
}

look();
answerParent(() => {
  const samples = lateness;
  lateness = [];
  return samples;
});
