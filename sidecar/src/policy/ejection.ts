/** How far an endpoint is trusted with cues, by what became of the last ones. */
export type Standing =
  | {
      readonly name: "in";
      /** Cues in a row that it failed, or left without a chunk until it was too late. */
      readonly failures: number;
      /** Ejections that are not yet forgotten. */
      readonly ejections: number;
      /** Its share grows from then on. */
      readonly sinceMs: number;
    }
  | { readonly name: "out"; readonly ejections: number; readonly untilMs: number };

export type StandingEvent =
  /** A first chunk came. */
  | { readonly name: "answer" }
  /** `isLast`: nobody else could answer in its place. */
  | { readonly name: "failure"; readonly isLast: boolean };

/** Of old, and beyond doubt. */
export const IN_GOOD_STANDING: Standing = {
  name: "in",
  failures: 0,
  ejections: 0,
  sinceMs: -Infinity,
};

/** One that is merely slow fails now and then. */
export const FAILURES_TO_EJECT = 3;
export const FIRST_EJECTION_MS = 1_000;
export const MAX_EJECTION_MS = 30_000;
/** From the first characters to all of them: their prefixes are cold, and its slots few. */
export const RAMP_MS = 10_000;
/** So that some cue finds out at once. */
const MIN_SHARE = 0.1;

/**
 * Ejects after failures in a row, longer each time; one that comes back and fails its first cue, at
 * once. From its first answer on it is as any other: under a crowd some cues are late everywhere.
 */
export function advanceStanding(before: Standing, event: StandingEvent, nowMs: number): Standing {
  const standing = standingAt(before, nowMs);
  if (standing.name === "out") return standing;
  const isBack = nowMs - standing.sinceMs >= RAMP_MS;
  if (event.name === "answer") {
    return { ...standing, failures: 0, ejections: isBack ? 0 : standing.ejections };
  }
  const failures = standing.failures + 1;
  if (failures < FAILURES_TO_EJECT || event.isLast) return { ...standing, failures };
  const ejections = standing.ejections + 1;
  const forMs = Math.min(MAX_EJECTION_MS, FIRST_EJECTION_MS * 2 ** Math.min(ejections - 1, 10));
  return { name: "out", ejections, untilMs: nowMs + forMs };
}

/** An ejection ends by itself. */
export function standingAt(standing: Standing, nowMs: number): Standing {
  if (standing.name === "in" || nowMs < standing.untilMs) return standing;
  const { ejections, untilMs } = standing;
  return { name: "in", failures: FAILURES_TO_EJECT - 1, ejections, sinceMs: untilMs };
}

/** The share of its characters that one which came back gets, 0 to 1. */
export function shareOf(standing: Standing, warmSinceMs: number, nowMs: number): number {
  const now = standingAt(standing, nowMs);
  if (now.name === "out") return 0;
  const backMs = nowMs - Math.max(now.sinceMs, warmSinceMs);
  return Math.min(1, Math.max(MIN_SHARE, backMs / RAMP_MS));
}
