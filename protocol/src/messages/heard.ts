import { id, lineId, uint32 } from "../fields.ts";
import { message, type ValueOf } from "./message.ts";

/**
 * Reports how much of a line a player has received. Idempotent: the highest offset counts. A line
 * that is unknown or long ended is no error.
 */
export const heard = message(9, "heard", {
  line: lineId,
  /** The game's own, stable id of the player. */
  player: id,
  /** Code points of the line's visible text, from its start. */
  offset: uint32,
});
export type Heard = ValueOf<typeof heard>;
