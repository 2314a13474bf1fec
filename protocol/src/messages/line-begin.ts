import { id, lineId, roomId, source } from "../fields.ts";
import { message, type ValueOf } from "./message.ts";

/** A line's first text follows at once. */
export const lineBegin = message(65, "lineBegin", {
  line: lineId,
  room: roomId,
  character: id,
  source,
});
export type LineBegin = ValueOf<typeof lineBegin>;
