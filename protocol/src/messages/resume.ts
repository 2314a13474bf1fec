import { z } from "zod";
import { lineId, uint32 } from "../fields.ts";
import { LIMITS } from "../limits.ts";
import { message, type ValueOf } from "./message.ts";

/**
 * Follows a welcome that says `resumed`, before anything else: where the client stands in each
 * line it had open. Needs the capability `resume`.
 */
export const resume = message(13, "resume", {
  /**
   * [line, offset]: code points received, from where the text goes on; nil where the client closed
   * the line itself meanwhile, which cancels it.
   */
  lines: z.array(z.tuple([lineId, uint32.nullable()])).max(LIMITS.MAX_LINES_PER_RESUME),
  /** Whether another resume follows. After the last, lines that none named are cancelled. */
  more: z.boolean(),
});
export type Resume = ValueOf<typeof resume>;
