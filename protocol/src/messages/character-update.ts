import { characterRegister } from "./character-register.ts";
import { message, type ValueOf } from "./message.ts";

/** Replaces all of a registered character; lines that are open keep what they began with. */
export const characterUpdate = message(5, "characterUpdate", characterRegister.fields);
export type CharacterUpdate = ValueOf<typeof characterUpdate>;
