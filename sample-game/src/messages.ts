import { z } from "zod";
import { MAX_NAME_CODE_POINTS, MAX_SAID_CODE_POINTS, TAVERN } from "./tavern.ts";

/** A code point takes at most two code units; what is said is cut to size where it is heard. */
const MAX_SAID_CODE_UNITS = MAX_SAID_CODE_POINTS * 2;

/** Held keys, as a direction; none is a halt. */
export const steer = z.object({ x: z.number().min(-1).max(1), y: z.number().min(-1).max(1) });

/** A click on the floor. */
export const walkTo = z.object({
  x: z.number().min(0).max(TAVERN.width),
  y: z.number().min(0).max(TAVERN.height),
});

export const talkWish = z.object({ text: z.string().min(1).max(MAX_SAID_CODE_UNITS) });
export type TalkWish = z.infer<typeof talkWish>;

export const rename = z.object({
  name: z
    .string()
    .min(1)
    .max(MAX_NAME_CODE_POINTS * 2),
});

/** What a page says of its player when it joins; whatever does not fit is left out. */
export const joinWish = z.object({ name: z.string().max(64).optional().catch(undefined) });

/** Told to everybody when a player speaks. */
export interface Said {
  /** Session id of the speaker. */
  readonly player: string;
  readonly name: string;
  readonly text: string;
}

/** Answers `talk`. */
export interface TalkAnswer {
  /** Id of the patron who heard; null if none was near enough. */
  readonly heardBy: string | null;
  /** Id of the line that answers. */
  readonly line: number | null;
}
