import { z } from "zod";
import { filledText, id, roomId, sceneId, uint32 } from "../fields.ts";
import { LIMITS } from "../limits.ts";
import { message, type ValueOf } from "./message.ts";

/** Lets characters talk among themselves. Needs the capability `scenes`. */
export const sceneStart = message(11, "sceneStart", {
  room: roomId,
  /** Chosen by the client, not in use on this connection. */
  scene: sceneId,
  /** Who talks: characters of the room. */
  characters: z.array(id).min(2).max(LIMITS.MAX_CANDIDATES),
  /** What they talk about, in the game's words. */
  topic: filledText(LIMITS.MAX_EVENT_BYTES),
  /** Facts that hold now, in the game's words. */
  context: z.array(filledText(LIMITS.MAX_EVENT_BYTES)).max(LIMITS.MAX_CONTEXT_FACTS),
  /** Lines after which the scene is over. */
  maxLines: uint32.min(1).max(LIMITS.MAX_SCENE_LINES),
});
export type SceneStart = ValueOf<typeof sceneStart>;
