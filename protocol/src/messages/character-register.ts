import { authoredLines, filledText, id, roomId } from "../fields.ts";
import { LIMITS } from "../limits.ts";
import { message, type ValueOf } from "./message.ts";

/** Makes a character known in a room; a known one is replaced, as by characterUpdate. */
export const characterRegister = message(4, "characterRegister", {
  room: roomId,
  character: id,
  /** The name that players see. */
  name: id,
  /** Who the character is, as the model reads it. */
  persona: filledText(LIMITS.MAX_PERSONA_BYTES),
  /** Authored lines for when the model cannot answer in time; at least one. */
  fallbacks: authoredLines.min(1),
  /** Authored ends for lines that cannot go on. */
  closers: authoredLines,
});
export type CharacterRegister = ValueOf<typeof characterRegister>;
