import { roomId } from "../fields.ts";
import { message, type ValueOf } from "./message.ts";

/** Closes a room: its lines end as cancelled, its characters are dropped. */
export const roomClose = message(3, "roomClose", { room: roomId });
export type RoomClose = ValueOf<typeof roomClose>;
