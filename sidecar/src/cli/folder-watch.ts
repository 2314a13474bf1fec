import { type FSWatcher, watch } from "node:fs";

/** Editors and deployments change a file in several steps; this long after the last one it is read. */
const SETTLE_MS = 200;
/** A folder that never comes to rest is looked at all the same. */
const MAX_SETTLE_MS = 2_000;

export interface FolderWatchParts {
  /** Something in one of the folders may have changed. Must not throw. */
  changed(): void;
  /** A folder cannot be watched: its changes go unnoticed. */
  failed(folder: string, error: Error): void;
}

/** Watches folders, not files: a file that is replaced by another one is not the one watched. */
export class FolderWatch {
  readonly #parts: FolderWatchParts;
  #watchers: readonly FSWatcher[] = [];
  #timer: NodeJS.Timeout | undefined;
  #latestMs = 0;

  constructor(parts: FolderWatchParts) {
    this.#parts = parts;
  }

  /** Watches these, anew, and no others. */
  watch(folders: readonly string[]): void {
    for (const watcher of this.#watchers) watcher.close();
    this.#watchers = [...new Set(folders)].flatMap((folder) => this.#open(folder));
  }

  close(): void {
    clearTimeout(this.#timer);
    this.watch([]);
  }

  #open(folder: string): FSWatcher[] {
    try {
      const watcher = watch(folder, { persistent: false }, () => this.#notice());
      watcher.on("error", (error) => {
        watcher.close();
        this.#parts.failed(folder, error);
      });
      return [watcher];
    } catch (error) {
      this.#parts.failed(folder, error instanceof Error ? error : new Error(String(error)));
      return [];
    }
  }

  #notice(): void {
    const nowMs = performance.now();
    if (this.#timer === undefined) this.#latestMs = nowMs + MAX_SETTLE_MS;
    clearTimeout(this.#timer);
    const delayMs = Math.max(0, Math.min(SETTLE_MS, this.#latestMs - nowMs));
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#parts.changed();
    }, delayMs);
  }
}
