import { id, roomId } from "../fields.ts";
import { message, type ValueOf } from "./message.ts";

/** Drops a character: lines it speaks end as cancelled. Forgetting an unknown one is no error. */
export const characterForget = message(6, "characterForget", { room: roomId, character: id });
export type CharacterForget = ValueOf<typeof characterForget>;
