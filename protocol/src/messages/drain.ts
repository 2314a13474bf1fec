import { uint32 } from "../fields.ts";
import { message, type ValueOf } from "./message.ts";

/**
 * The sidecar is about to stop: open lines may end, new cues are refused. The connection closes
 * with `draining` once its lines have ended, or when the time is up.
 */
export const drain = message(70, "drain", {
  /** When the connection closes at the latest, milliseconds from now. */
  closesInMs: uint32,
});
export type Drain = ValueOf<typeof drain>;
