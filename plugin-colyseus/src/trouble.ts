import { logger } from "@colyseus/core";

/**
 * Tells the game what went wrong, never throwing. The same trouble in a row is told once: a sidecar
 * that is away is looked for every second.
 */
export function troubleTeller(tell: (why: string) => void = warn): (why: string) => void {
  let last: string | undefined;
  return (why) => {
    if (why === last) return;
    last = why;
    try {
      tell(why);
    } catch {
      // The game's own logging failed; there is nobody left to tell.
    }
  };
}

function warn(why: string): void {
  logger.warn(`banterwire: ${why}`);
}
