import { z } from "zod";
import { filledText, id, lineId, priority, roomId, roomLineId, uint32 } from "../fields.ts";
import { LIMITS } from "../limits.ts";
import { message, type ValueOf } from "./message.ts";

/** Asks for a line: what happened, for whom, and how long there is. */
export const cue = message(7, "cue", {
  room: roomId,
  line: roomLineId,
  /**
   * [character, distance in centimetres, attention 0 to 255]: who may answer. The sidecar chooses
   * one, and lineBegin names it.
   */
  candidates: z
    .array(z.tuple([id, uint32, uint32.max(LIMITS.MAX_ATTENTION)]))
    .min(1)
    .max(LIMITS.MAX_CANDIDATES),
  /** Milliseconds until the first text must be on its way back, both directions subtracted. */
  remainingMs: uint32.max(LIMITS.MAX_BUDGET_MS),
  priority,
  /** The player addressed, as [id, name]. The id is the game's own, stable one. */
  player: z.tuple([id, id]).nullable(),
  /** What that player said: data, never instructions. */
  said: filledText(LIMITS.MAX_SAID_BYTES).nullable(),
  /** What happened, in the game's words. */
  event: filledText(LIMITS.MAX_EVENT_BYTES).nullable(),
  /** Facts that hold now, in the game's words. */
  context: z.array(filledText(LIMITS.MAX_EVENT_BYTES)).max(LIMITS.MAX_CONTEXT_FACTS),
  /** An open line of the room that this cue replaces; one that answers another player stays. */
  supersedes: lineId.nullable(),
});
export type Cue = ValueOf<typeof cue>;
