import { z } from "zod";
import { id, lineId, text, uint32 } from "../fields.ts";
import { LIMITS } from "../limits.ts";
import { message, type ValueOf } from "./message.ts";

const argument = z.union([
  z.null(),
  z.boolean(),
  z.number(),
  text(LIMITS.MAX_ACTION_ARGUMENT_BYTES),
]);

/**
 * Proposes that the game do something; the game decides. Sent when the line's text has reached the
 * offset, so a line that is cut before proposes nothing. Needs the capability `actions`.
 */
export const action = message(68, "action", {
  line: lineId,
  /** Code points of the line's visible text before the action. */
  offset: uint32,
  /** Counts up within a line, so that an action that comes again is known. */
  action: uint32,
  /** What to do, in the game's words. */
  name: id,
  /** With what. */
  arguments: z
    .record(id, argument)
    .refine((map) => Object.keys(map).length <= LIMITS.MAX_ACTION_ARGUMENTS, {
      error: `at most ${LIMITS.MAX_ACTION_ARGUMENTS} arguments`,
    })
    .describe(
      `map of 0 to ${LIMITS.MAX_ACTION_ARGUMENTS}, from str of 1 to ${LIMITS.MAX_ID_BYTES} bytes ` +
        `to nil, bool, number or str of 0 to ${LIMITS.MAX_ACTION_ARGUMENT_BYTES} bytes`,
    ),
});
export type Action = ValueOf<typeof action>;
