import type { Reason, Source } from "@banterwire/protocol";

/*
 * What the plugin and the browser tell each other, all of it in room messages of one type. Down
 * goes an array of entries, up goes SYNC. Entries of an unknown kind, and fields after the known
 * ones, are to be passed over: so the format can grow.
 */

/** The type of our room messages. */
export const MESSAGE_TYPE = "banter";
/** What a browser sends to be told everything anew. */
export const SYNC = "sync";

export const BEGIN = 0;
export const TEXT = 1;
export const END = 2;
export const SNAPSHOT = 3;

/** `[BEGIN, line, npc, source]`: an NPC starts to speak. */
export type BeginEntry = readonly [typeof BEGIN, number, string, Source];
/** `[TEXT, line, offset, text]`: more text; the offset counts Unicode code points. */
export type TextEntry = readonly [typeof TEXT, number, number, string];
/** `[END, line, source, reason, ttftMs, displayMs]`: the line is complete. */
export type EndEntry = readonly [typeof END, number, Source, Reason, number | null, number];
/** `[SNAPSHOT, lines]`: all there is to know, in the place of what was known. */
export type SnapshotEntry = readonly [typeof SNAPSHOT, readonly SnapshotLine[]];
/** `[line, npc, source, text, end]`; no end while the line is open. */
export type SnapshotLine = readonly [number, string, Source, string, SnapshotEnd | null];
/** `[reason, ttftMs, displayMs]` */
export type SnapshotEnd = readonly [Reason, number | null, number];

export type Entry = BeginEntry | TextEntry | EndEntry | SnapshotEntry;
