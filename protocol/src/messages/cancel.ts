import { lineId } from "../fields.ts";
import { message, type ValueOf } from "./message.ts";

/** Ends a line. Cancelling one that has ended is no error: the two may cross. */
export const cancel = message(8, "cancel", { line: lineId });
export type Cancel = ValueOf<typeof cancel>;
