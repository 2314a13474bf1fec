import type { Heard } from "./latency-tavern.ts";

/** Half of what a model that answers at once has. */
const SPOILT_MS = 90;
/** Half of what the sidecar speaks earlier than the room would by itself. */
const OVERTAKEN_MS = 5;

/**
 * Whether who spoke a line, and what the sidecar counted of it, may be the machine's doing: then the
 * line is asked for again. What it says of its time, of its text and of its one end holds all the same.
 */
export function isSpoilt({ room, blockedMs }: Heard): boolean {
  if (blockedMs >= SPOILT_MS) return true;
  const spokeForItself = room.spansUs === undefined;
  return spokeForItself && blockedMs >= OVERTAKEN_MS;
}
