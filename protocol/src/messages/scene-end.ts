import { z } from "zod";
import { sceneId, uint32 } from "../fields.ts";
import { message, type ValueOf } from "./message.ts";

/**
 * `complete`: it came to its end. `stopped`: by the room. `shed`: no capacity to go on.
 */
export const SCENE_REASONS = ["complete", "stopped", "shed"] as const;

/** The one terminal message of a scene, after the end of its last line. */
export const sceneEnd = message(71, "sceneEnd", {
  scene: sceneId,
  reason: z.enum(SCENE_REASONS),
  /** Lines that were spoken. */
  lines: uint32,
});
export type SceneEnd = ValueOf<typeof sceneEnd>;
