import type { BanterHandlers, WatchedLine } from "@banterwire/colyseus/client";

/** Where the words of patrons go. */
export interface SpeechStage {
  /** More of a line; the first time it begins one. */
  show(line: WatchedLine): void;
  /** The line is complete. */
  end(line: WatchedLine & { readonly end: NonNullable<WatchedLine["end"]> }): void;
  /** The patron stops speaking, and how the line ended will never be known. */
  hush(patron: string): void;
}

/** Ended lines remembered, so that a snapshot tells none of them again. */
const MAX_REMEMBERED = 128;

/** Brings each line to the stage once, also where a gap in the connection hid a part of it. */
export class PatronSpeech implements BanterHandlers {
  readonly #stage: SpeechStage;
  readonly #open = new Map<number, string>();
  readonly #ended = new Set<number>();
  #arriving = true;

  constructor(stage: SpeechStage) {
    this.#stage = stage;
  }

  onText = (line: WatchedLine): void => {
    this.#arriving = false;
    this.#show(line);
  };

  onEnd = (line: WatchedLine): void => this.#finish(line);

  /** Of what ended before we came in we tell nothing; of what ended during a gap we do. */
  onSnapshot = (lines: readonly WatchedLine[]): void => {
    const arriving = this.#arriving;
    this.#arriving = false;
    for (const line of lines) {
      if (!line.end) this.#show(line);
      else if (arriving) this.#remember(line.id);
      else if (!this.#ended.has(line.id)) this.#finish(line);
    }
    const known = new Set(lines.map((line) => line.id));
    for (const [id, patron] of this.#open) {
      if (known.has(id)) continue;
      this.#open.delete(id);
      this.#stage.hush(patron);
    }
  };

  #show(line: WatchedLine): void {
    this.#open.set(line.id, line.npc);
    this.#stage.show(line);
  }

  #finish(line: WatchedLine): void {
    const { end } = line;
    if (!end) return;
    // What a gap hid has not been shown yet.
    if (!this.#open.delete(line.id)) this.#stage.show(line);
    this.#remember(line.id);
    this.#stage.end({ ...line, end });
  }

  #remember(line: number): void {
    this.#ended.add(line);
    for (const oldest of this.#ended) {
      if (this.#ended.size <= MAX_REMEMBERED) return;
      this.#ended.delete(oldest);
    }
  }
}
