/**
 * What is known of whether an engine still answers at all. Ollama can leak a slot for good, and
 * then takes requests without ever answering them, while its other calls answer as if all were well.
 */
export type Wedge =
  | { readonly name: "clear" }
  /** So many generations in a row were given up without a chunk; a gamble counts for less than one. */
  | { readonly name: "doubted"; readonly misses: number }
  /** A canary got no answer although nothing else was asked; so many have failed since. */
  | { readonly name: "quarantined"; readonly canaries: number };

export type WedgeEvent =
  /**
   * A generation was given up before its first chunk. `isGamble`: it was sent although it was not
   * likely to make it.
   */
  | { readonly name: "miss"; readonly isGamble?: boolean }
  /** Any generation had a chunk, or its end. */
  | { readonly name: "answer" }
  /** A canary's time is up. `alone`: nothing else of ours was in flight meanwhile. */
  | { readonly name: "silence"; readonly alone: boolean };

export const CLEAR: Wedge = { name: "clear" };

/** A machine that is merely slow misses now and then; one that is wedged misses every time. */
export const MISSES_TO_HOLD_OFF = 3;
/** What a gamble counts for. Not nothing: misses have every cue taken for one, sooner or later. */
const GAMBLE = 0.25;
const FIRST_PROBE_MS = 1_000;
const MAX_PROBE_MS = 30_000;

export function advanceWedge(wedge: Wedge, event: WedgeEvent): Wedge {
  switch (event.name) {
    case "answer":
      return CLEAR;
    case "miss":
      if (wedge.name === "quarantined") return wedge;
      return {
        name: "doubted",
        misses: (wedge.name === "doubted" ? wedge.misses : 0) + (event.isGamble ? GAMBLE : 1),
      };
    case "silence":
      if (wedge.name === "quarantined") return { ...wedge, canaries: wedge.canaries + 1 };
      return event.alone ? { name: "quarantined", canaries: 1 } : wedge;
  }
}

/** Whether cues get authored lines at once until a canary has answered. */
export function holdsOff(wedge: Wedge): boolean {
  return (
    wedge.name === "quarantined" || (wedge.name === "doubted" && wedge.misses >= MISSES_TO_HOLD_OFF)
  );
}

/** How long to wait before the next canary of an engine in quarantine, milliseconds. */
export function probeDelayMs(wedge: Wedge): number {
  if (wedge.name !== "quarantined") return 0;
  return Math.min(MAX_PROBE_MS, FIRST_PROBE_MS * 2 ** Math.min(wedge.canaries - 1, 10));
}
