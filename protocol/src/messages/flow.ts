import { z } from "zod";
import { uint32 } from "../fields.ts";
import { message, type ValueOf } from "./message.ts";

/**
 * Tells a client that it reads too slowly: its deltas are merged from now on, and if it falls
 * further behind the connection closes with `slow_consumer`. Sent again, with `slow` false, once it
 * has caught up.
 */
export const flow = message(69, "flow", {
  slow: z.boolean(),
  /** What waits for the client at the sidecar. */
  waitingBytes: uint32,
  /** How much may wait before the connection is closed. */
  maxWaitingBytes: uint32,
});
export type Flow = ValueOf<typeof flow>;
