import { z } from "zod";
import { lineId, reason, source, uint32 } from "../fields.ts";
import { message, type ValueOf } from "./message.ts";

/** The one terminal message of a line. */
export const lineEnd = message(67, "lineEnd", {
  line: lineId,
  source,
  reason,
  /** Code points of visible text in the whole line. */
  length: uint32,
  /** How long to show the line, at reading pace, milliseconds. */
  displayMs: uint32,
  /**
   * Where the time went at the sidecar, microseconds, in the order queue, connect, load, prefill,
   * first token, filter hold, decode. They sum to the line's wall time at the sidecar.
   */
  spansUs: z.tuple([uint32, uint32, uint32, uint32, uint32, uint32, uint32]),
});
export type LineEnd = ValueOf<typeof lineEnd>;
