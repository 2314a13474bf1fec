import { id, lineId, roomId, sceneId, source } from "../fields.ts";
import { message, type ValueOf } from "./message.ts";

/** Somebody speaks: the line's first text follows at once. */
export const lineBegin = message(65, "lineBegin", {
  line: lineId,
  room: roomId,
  /** Who speaks: one of the cue's candidates. */
  character: id,
  source,
  /** The scene that a line begun by the sidecar belongs to; nil for the answer to a cue. */
  scene: sceneId.nullable(),
});
export type LineBegin = ValueOf<typeof lineBegin>;
