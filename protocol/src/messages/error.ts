import { id, lineId, roomId, sceneId, text } from "../fields.ts";
import { LIMITS } from "../limits.ts";
import { message, type ValueOf } from "./message.ts";

/**
 * Says what was wrong with something received. One that names a line is that line's end, one that
 * names a scene is that scene's. Never answered by another error.
 */
export const error = message(34, "error", {
  /** A code of the table; one that is unknown to the receiver is not worth a retry. */
  code: id,
  /** What was wrong, in words for people. */
  message: text(LIMITS.MAX_ERROR_MESSAGE_BYTES),
  room: roomId.nullable(),
  line: lineId.nullable(),
  scene: sceneId.nullable(),
});
export type ErrorMessage = ValueOf<typeof error>;
