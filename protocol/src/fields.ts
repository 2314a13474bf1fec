import { z } from "zod";
import { LIMITS } from "./limits.ts";

const UINT32_MAX = 0xffff_ffff;

/** The issue message by which the codec knows that a text broke its bound in bytes. */
export const TEXT_TOO_LONG = "text too long";

export const uint32 = z.int().min(0).max(UINT32_MAX);

/*
 * What a schema cannot say of itself stands in its description: SPEC.md and the hash of the wire
 * are made from it.
 */

/** A string of at most `maxBytes` bytes of UTF-8. */
export function text(maxBytes: number): z.ZodString {
  return stringOf(0, maxBytes);
}

/** A string of 1 to `maxBytes` bytes of UTF-8. */
export function filledText(maxBytes: number): z.ZodString {
  return stringOf(1, maxBytes);
}

function stringOf(minBytes: 0 | 1, maxBytes: number): z.ZodString {
  return z
    .string()
    .min(minBytes)
    .refine(
      // A code unit takes at most three bytes, so most texts need no counting.
      (value) => value.length * 3 <= maxBytes || Buffer.byteLength(value) <= maxBytes,
      { error: `${TEXT_TOO_LONG}: at most ${maxBytes} bytes of UTF-8` },
    )
    .describe(`str of ${minBytes} to ${maxBytes} bytes`);
}

export const id = filledText(LIMITS.MAX_ID_BYTES);
export const roomId = uint32;

export const sceneId = uint32;

/** Any line: begun by a room (odd) or by the sidecar (even). */
export const lineId = uint32.min(1);

/** A line that a room begins. Odd, so that it never meets one that the sidecar begins. */
export const roomLineId = lineId
  .refine((line) => line % 2 === 1, { error: "lines begun by rooms have odd ids" })
  .describe("uint32, odd");

/** Names what a connection holds, so that the next connection can go on with it. */
export const session = z
  .custom<Uint8Array>(
    (value) => value instanceof Uint8Array && value.length === LIMITS.SESSION_BYTES,
    { error: `expected ${LIMITS.SESSION_BYTES} bytes` },
  )
  .describe(`bin of ${LIMITS.SESSION_BYTES} bytes`);

export const authoredLines = z
  .array(filledText(LIMITS.MAX_AUTHORED_LINE_BYTES))
  .max(LIMITS.MAX_AUTHORED_LINES);

/** Where a line's text came from; `none` where it has none. */
export const SOURCES = ["none", "model", "fallback"] as const;
export const source = z.enum(SOURCES);
export type Source = z.infer<typeof source>;

/**
 * Why a line ended as it did.
 * `complete`: the model ended it. `length`: a cap ended it. `truncated`: it could not go on.
 * For source `fallback`: `budget` (the model was too late), `shed` (no capacity in time),
 * `upstream` (the model failed), `unreachable` (no sidecar), `refused` (an error answered the cue).
 * For source `none`: `cancelled` (by the room), `superseded` (by a newer cue), `silence` (the
 * character chose to say nothing), `shed` (ambience that there was no capacity for).
 */
export const REASONS = [
  "complete",
  "length",
  "truncated",
  "budget",
  "shed",
  "upstream",
  "unreachable",
  "refused",
  "cancelled",
  "superseded",
  "silence",
] as const;
export const reason = z.enum(REASONS);
export type Reason = z.infer<typeof reason>;

/** Which cues come first: a reply to a player, a remark near one, ambience. */
export const PRIORITIES = ["reply", "nearby", "ambient"] as const;
export const priority = z.enum(PRIORITIES);
export type Priority = z.infer<typeof priority>;
