import { z } from "zod";
import { id, lineId, priority, roomId, source, uint32 } from "../fields.ts";
import { LIMITS } from "../limits.ts";
import { message, type ValueOf } from "./message.ts";

/**
 * Reports how a line ended as the room saw it: the figures that hit rates are made of. Idempotent:
 * the first report of a line counts. Sent once for each cue after its end, also for one that never
 * reached the sidecar; a line, room or character that is unknown is no error.
 */
export const outcome = message(10, "outcome", {
  line: lineId,
  room: roomId,
  /** Who spoke, or would have. */
  character: id,
  priority,
  source,
  /** From the room's call to the first visible text, microseconds; nil where none came. */
  ttftUs: uint32.nullable(),
  /** What the room allowed, milliseconds. */
  budgetMs: uint32.max(LIMITS.MAX_BUDGET_MS),
  /** The room's own event loop was blocked past the deadline: still a miss. */
  roomStall: z.boolean(),
  /** The room itself ended the line before its deadline: counted apart. */
  withdrawn: z.boolean(),
});
export type Outcome = ValueOf<typeof outcome>;
