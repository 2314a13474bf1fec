import type { Line, LineResult } from "@banterwire/protocol/client";
import {
  BEGIN,
  END,
  type Entry,
  SNAPSHOT,
  type SnapshotEnd,
  type SnapshotEntry,
  TEXT,
} from "./wire.ts";
import type { Source } from "@banterwire/protocol";

/** Lines kept beyond those that are open; the oldest is forgotten first. */
const MAX_ENDED_LINES = 64;

interface Spoken {
  readonly line: number;
  readonly npc: string;
  readonly source: Source;
  text: string;
  end: SnapshotEnd | undefined;
  unsent: { begin: boolean; text: string; offset: number; end: boolean };
}

/** What the NPCs of a room say: the open lines, and the last one of each NPC. */
export class Transcript {
  readonly #lines = new Map<number, Spoken>();
  readonly #changed = new Set<Spoken>();
  #openLines = 0;

  get isEmpty(): boolean {
    return this.#lines.size === 0;
  }

  /** Whether a line is open, or something is yet to be sent. */
  get isLive(): boolean {
    return this.#openLines > 0 || this.#changed.size > 0;
  }

  /** Adds text, and says whether it is the first of its line. */
  text(line: Line, offset: number, text: string): boolean {
    let spoken = this.#lines.get(line.id);
    const isFirst = !spoken;
    spoken ??= this.#begin(line);
    spoken.text += text;
    if (spoken.unsent.text === "") spoken.unsent.offset = offset;
    spoken.unsent.text += text;
    this.#changed.add(spoken);
    return isFirst;
  }

  /** Ends a line; one of which nothing was visible leaves no trace. */
  end(line: Line, result: LineResult): void {
    const spoken = this.#lines.get(line.id);
    if (!spoken || spoken.end) return;
    const ttftMs = result.ttftMs === undefined ? null : Math.round(result.ttftMs);
    spoken.end = [result.reason, ttftMs, result.displayMs];
    spoken.unsent.end = true;
    this.#openLines--;
    this.#changed.add(spoken);
    this.#forget(spoken);
  }

  /** What happened since the last call. */
  takeChanges(): Entry[] {
    const entries: Entry[] = [];
    for (const { line, npc, source, end, unsent } of this.#changed) {
      if (unsent.begin) entries.push([BEGIN, line, npc, source]);
      if (unsent.text !== "") entries.push([TEXT, line, unsent.offset, unsent.text]);
      if (unsent.end && end) entries.push([END, line, source, ...end]);
    }
    for (const spoken of this.#changed) {
      spoken.unsent = { begin: false, text: "", offset: 0, end: false };
    }
    this.#changed.clear();
    return entries;
  }

  /** Everything, with what `takeChanges` has not told yet. */
  snapshot(): SnapshotEntry {
    const lines = this.#lines.values();
    return [
      SNAPSHOT,
      lines.map((s) => [s.line, s.npc, s.source, s.text, s.end ?? null] as const).toArray(),
    ];
  }

  #begin(line: Line): Spoken {
    const source = line.state.name === "waiting" ? "none" : line.state.source;
    const unsent = { begin: true, text: "", offset: 0, end: false };
    const spoken = { line: line.id, npc: line.character, source, text: "", end: undefined, unsent };
    this.#lines.set(line.id, spoken);
    this.#openLines++;
    return spoken;
  }

  /** Drops the earlier lines of the one who just ended a line, and what is too old. */
  #forget({ line, npc }: Spoken): void {
    const ended = this.#lines.values().filter((spoken) => spoken.end);
    const kept: Spoken[] = [];
    for (const spoken of ended) {
      if (spoken.npc === npc && spoken.line !== line) this.#lines.delete(spoken.line);
      else kept.push(spoken);
    }
    for (const spoken of kept.slice(0, -MAX_ENDED_LINES)) this.#lines.delete(spoken.line);
  }
}
