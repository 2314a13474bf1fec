import { CANARY_TIMEOUT_MS, WEDGE_TIMEOUT_MS } from "../policy/care.ts";
import { advanceWedge, CLEAR, holdsOff, probeDelayMs, type WedgeEvent } from "../policy/wedge.ts";
import type { Alarm } from "./alarm.ts";
import { type CanaryTask, GenerationError, UnansweredError } from "./canary.ts";
import type { Engine } from "./engine.ts";
import type { SlotDesk } from "./slot-desk.ts";

export interface WedgeWatchParts {
  readonly desk: SlotDesk;
  readonly alarm: Alarm;
  /** Asks an engine for one token. */
  readonly canary: (engine: Engine, task: CanaryTask) => Promise<number>;
}

/** Finds an engine that answers nothing any more, and when it does so again. */
export class WedgeWatch {
  readonly #parts: WedgeWatchParts;
  #wedge = CLEAR;

  constructor(parts: WedgeWatchParts) {
    this.#parts = parts;
  }

  /** Cues get authored lines at once until a canary has answered. */
  get holdsOff(): boolean {
    return holdsOff(this.#wedge);
  }

  get isDoubted(): boolean {
    return this.#wedge.name === "doubted";
  }

  get isQuarantined(): boolean {
    return this.#wedge.name === "quarantined";
  }

  /** A generation had a chunk, or its end. */
  answered(): void {
    if (this.#wedge !== CLEAR) this.#advance({ name: "answer" });
  }

  /** A line was given up before its first chunk. */
  missed(isGamble: boolean): void {
    this.#advance({ name: "miss", isGamble });
  }

  /** Asks an engine that left a line without a chunk for a token, once it has nothing else to do. */
  async resolveDoubt(engine: Engine): Promise<void> {
    if (this.isDoubted && this.#parts.desk.isUnused) await this.#probe(engine, WEDGE_TIMEOUT_MS);
  }

  /** Sends nothing but canaries until one is answered. */
  async sitOut(engine: Engine, left: AbortSignal): Promise<void> {
    try {
      // A runner that starts anew has all of its slots again.
      await engine.control.unload(engine.choice.model);
    } catch {
      // It may not answer this either; the operator has been told.
    }
    while (this.isQuarantined && !left.aborted) {
      await this.#parts.alarm.pause(probeDelayMs(this.#wedge));
      if (!left.aborted) await this.#probe(engine, CANARY_TIMEOUT_MS);
    }
  }

  /** One canary, and what its answer or its silence says. */
  async #probe(engine: Engine, timeoutMs: number): Promise<void> {
    const { desk, canary } = this.#parts;
    const { opens } = desk;
    try {
      await canary(engine, { timeoutMs });
      this.answered();
    } catch (error) {
      if (error instanceof GenerationError && error.isRefusal) return this.answered();
      if (!(error instanceof UnansweredError)) throw error;
      this.#advance({ name: "silence", alone: desk.opens === opens + 1 });
    }
  }

  #advance(event: WedgeEvent): void {
    this.#wedge = advanceWedge(this.#wedge, event);
  }
}
