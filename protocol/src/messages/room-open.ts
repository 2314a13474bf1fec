import { id, roomId } from "../fields.ts";
import { message, type ValueOf } from "./message.ts";

/** Opens a room under an id of the client's choice. */
export const roomOpen = message(2, "roomOpen", {
  room: roomId,
  /** Durable name of the world the room shows, under which memory is kept. */
  worldKey: id,
});
export type RoomOpen = ValueOf<typeof roomOpen>;
