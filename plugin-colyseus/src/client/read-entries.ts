import {
  BEGIN,
  END,
  type Entry,
  SNAPSHOT,
  type SnapshotEnd,
  type SnapshotLine,
  TEXT,
} from "../wire.ts";

/**
 * The entries of a room message. Entries that this version does not know, and ones that do not fit,
 * are left out: what is then missing shows as a gap in the text.
 */
export function readEntries(message: unknown): Entry[] {
  return Array.isArray(message) ? message.filter(isEntry) : [];
}

function isEntry(entry: unknown): entry is Entry {
  if (!Array.isArray(entry)) return false;
  const fields: readonly unknown[] = entry;
  switch (fields[0]) {
    case BEGIN:
      return isCount(fields[1]) && isString(fields[2]) && isString(fields[3]);
    case TEXT:
      return isCount(fields[1]) && isCount(fields[2]) && isString(fields[3]);
    case END:
      return isCount(fields[1]) && isString(fields[2]) && isEnd(fields.slice(3));
    case SNAPSHOT:
      return Array.isArray(fields[1]) && fields[1].every(isSnapshotLine);
    default:
      return false;
  }
}

function isSnapshotLine(value: unknown): value is SnapshotLine {
  if (!Array.isArray(value)) return false;
  const [line, npc, source, text, end]: readonly unknown[] = value;
  return (
    isCount(line) &&
    isString(npc) &&
    isString(source) &&
    isString(text) &&
    (end === null || isEnd(end))
  );
}

function isEnd(value: unknown): value is SnapshotEnd {
  if (!Array.isArray(value)) return false;
  const [reason, ttftMs, displayMs]: readonly unknown[] = value;
  return isString(reason) && (ttftMs === null || isCount(ttftMs)) && isCount(displayMs);
}

function isString(value: unknown): value is string {
  return typeof value === "string";
}

function isCount(value: unknown): value is number {
  return typeof value === "number" && Number.isInteger(value) && value >= 0;
}
