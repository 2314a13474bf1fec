import type { Cue } from "@banterwire/colyseus";
import { PATRONS } from "./patrons.ts";

const GREETINGS_APART_MS = 4_000;

/** Whether it is time for another greeting, so long after the last one. */
export function mayGreet(sinceLastMs: number): boolean {
  return sinceLastMs >= GREETINGS_APART_MS;
}

/** Who greets a player that comes in, and what that patron is told. */
export function greetingOf(
  player: string,
  random: () => number = Math.random,
): { readonly npc: string; readonly cue: Cue } {
  const patron = PATRONS[Math.floor(random() * PATRONS.length)] ?? PATRONS[0];
  return {
    npc: patron.id,
    cue: { event: `${player} walks into the tavern.`, priority: "nearby" },
  };
}
