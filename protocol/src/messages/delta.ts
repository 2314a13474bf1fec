import { z } from "zod";
import { filledText, lineId, uint32 } from "../fields.ts";
import { LIMITS } from "../limits.ts";
import { message, type ValueOf } from "./message.ts";

/** More text of one or several lines. */
export const delta = message(66, "delta", {
  /**
   * [line, offset, text]: the offset, in code points of the line's visible text, is where the text
   * starts, and the only sequence number there is.
   */
  parts: z
    .array(z.tuple([lineId, uint32, filledText(LIMITS.MAX_DELTA_BYTES)]))
    .min(1)
    .max(LIMITS.MAX_DELTAS_PER_FRAME),
});
export type Delta = ValueOf<typeof delta>;
