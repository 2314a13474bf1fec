import { sceneId } from "../fields.ts";
import { message, type ValueOf } from "./message.ts";

/** Ends a scene: its open line is cancelled. Stopping one that has ended is no error. */
export const sceneStop = message(12, "sceneStop", { scene: sceneId });
export type SceneStop = ValueOf<typeof sceneStop>;
