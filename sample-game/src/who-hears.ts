import { PATRONS, type Patron } from "./patrons.ts";
import { distance, EARSHOT, type Point } from "./tavern.ts";

/** The patron nearest to a speaker, if any is near enough to hear. */
export function whoHears(speaker: Point): Patron | undefined {
  let nearest: Patron | undefined;
  let least = EARSHOT;
  for (const patron of PATRONS) {
    const away = distance(speaker, patron.at);
    if (away > least) continue;
    nearest = patron;
    least = away;
  }
  return nearest;
}
