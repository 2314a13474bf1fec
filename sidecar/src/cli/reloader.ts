import { isDeepStrictEqual } from "node:util";
import { ConfigError } from "../config/problem.ts";
import type { SidecarConfig } from "../config.ts";
import type { Log } from "../log.ts";
import type { Sidecar } from "../server.ts";
import { FolderWatch } from "./folder-watch.ts";
import type { LoadedConfig } from "./load.ts";

export interface ReloaderParts {
  load(): Promise<LoadedConfig>;
  readonly initial: LoadedConfig;
  readonly sidecar: Pick<Sidecar, "reconfigure">;
  readonly log: Log;
}

/** Takes over a changed configuration, all of it or nothing; one reload at a time. */
export class Reloader {
  readonly #parts: ReloaderParts;
  readonly #watch: FolderWatch;
  #loaded: LoadedConfig;
  #trouble: string | undefined;
  #reloading: Promise<void> = Promise.resolve();
  /** A reload that has not begun sees whatever changes until then. */
  #waits = false;

  constructor(parts: ReloaderParts) {
    this.#parts = parts;
    this.#loaded = parts.initial;
    this.#watch = new FolderWatch({
      changed: () => this.#queue("changed"),
      failed: (folder, error) =>
        parts.log.warn({ folder, why: error.message }, "changes here need a SIGHUP to be noticed"),
    });
    this.#watch.watch(parts.initial.folders);
  }

  /** Somebody asked for it, and is told what came of it in any case. */
  ask(): void {
    this.#queue("asked");
  }

  /** Resolves when no reload is under way; none follows. */
  async close(): Promise<void> {
    this.#watch.close();
    await this.#reloading;
  }

  #queue(why: "asked" | "changed"): void {
    if (this.#waits && why === "changed") return;
    this.#waits = true;
    this.#reloading = this.#reloading
      .then(() => this.#reload(why))
      .catch((error: unknown) => {
        this.#parts.log.error({ err: error }, "configuration not reloaded");
      });
  }

  async #reload(why: "asked" | "changed"): Promise<void> {
    const { log, sidecar } = this.#parts;
    this.#waits = false;
    // Before anything is read, so that no change falls in between.
    this.#watch.watch(this.#loaded.folders);
    const loaded = await this.#load(why);
    if (!loaded) return;
    const changed = changedKeys(this.#loaded.config, loaded.config);
    if (loaded.folders.join() !== this.#loaded.folders.join()) this.#watch.watch(loaded.folders);
    this.#loaded = loaded;
    if (changed.length === 0) {
      if (why === "asked") log.info("configuration read again: nothing has changed");
      return;
    }
    for (const warning of loaded.warnings) log.warn(warning);
    const kept = await sidecar.reconfigure(loaded.config);
    log.info({ changed }, "configuration reloaded");
    if (kept.length > 0) log.warn({ settings: kept }, "a restart is due for these settings");
  }

  async #load(why: "asked" | "changed"): Promise<LoadedConfig | undefined> {
    try {
      const loaded = await this.#parts.load();
      this.#trouble = undefined;
      return loaded;
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      // A folder in which much goes on is no reason to say the same again and again.
      if (why === "changed" && this.#trouble === error.message) return undefined;
      this.#trouble = error.message;
      this.#parts.log.error(
        { problems: error.problems },
        `configuration not reloaded, nothing has changed. ${error.message}`,
      );
      return undefined;
    }
  }
}

function changedKeys(before: SidecarConfig, after: SidecarConfig): string[] {
  const keys = Object.keys(after) as (keyof SidecarConfig)[];
  return keys.filter((key) => !isDeepStrictEqual(before[key], after[key]));
}
