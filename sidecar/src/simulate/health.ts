import {
  CANARY_TIMEOUT_MS,
  DOUBT_INTERVAL_MS,
  retryDelayMs,
  WATCH_INTERVAL_MS,
  WEDGE_TIMEOUT_MS,
} from "../policy/care.ts";
import { advanceWedge, CLEAR, holdsOff, probeDelayMs } from "../policy/wedge.ts";
import type { Asker, Ticket } from "./endpoint.ts";
import type { SimulatedEngine } from "./engine.ts";
import type { VirtualClock } from "./virtual-clock.ts";

/** Until the engine has said what is resident. */
const CHECK_MS = 2;
/** To load the model, and to know what a first token takes. */
const BRING_UP_CANARIES = 2;

export interface HealthParts {
  readonly clock: VirtualClock;
  readonly engine: SimulatedEngine;
  /** Asks for one token. */
  readonly probe: (asker: Asker) => Ticket;
  readonly giveUp: (ticket: Ticket) => void;
  /** Nothing of ours is at work upstream, zombies included. */
  readonly isUnused: () => boolean;
  readonly forgetCaches: () => void;
  /** It is well, and there may be time for what is not urgent. */
  readonly onWatch: () => void;
}

/** `checking`: a line was too late or failed. `wedged`: it answers nothing, and gets canaries only. */
type State = "down" | "loading" | "warm" | "checking" | "wedged";

/** What came of one token that was asked for. */
type Probed = "answered" | "silent" | "failed";

/**
 * Whether an endpoint is asked for lines: brings it up, looks after it when lines fail or are late,
 * and finds out that it is wedged, by the production rules.
 */
export class Health {
  readonly #parts: HealthParts;
  #state: State = "down";
  #wedge = CLEAR;
  #isDoubtPending = false;
  #warmSinceMs = Infinity;

  constructor(parts: HealthParts) {
    this.#parts = parts;
  }

  get isWarm(): boolean {
    return this.#state === "warm";
  }

  /** Else it is asked for no lines. */
  get isWell(): boolean {
    return this.isWarm && !holdsOff(this.#wedge);
  }

  /** A canary is due, which nothing else may be beside. */
  get isDoubted(): boolean {
    return this.#wedge.name === "doubted";
  }

  /** Since when it is warm without a break; never where it is not. */
  get warmSinceMs(): number {
    return this.#warmSinceMs;
  }

  start(): void {
    this.#bringUp(0);
    this.#watch();
  }

  /** A cue's generation had its first chunk. */
  answered(): void {
    if (this.#wedge !== CLEAR) this.#wedge = advanceWedge(this.#wedge, { name: "answer" });
  }

  /** A line was given up before its first chunk. */
  missed(isGamble: boolean): void {
    this.#wedge = advanceWedge(this.#wedge, { name: "miss", isGamble });
    this.suspect();
  }

  /** Something went wrong: is the model still there? */
  suspect(): void {
    if (this.#state !== "warm") return;
    this.#state = "checking";
    this.#parts.clock.after(CHECK_MS, () => this.#check());
  }

  #check(): void {
    if (this.#state !== "checking") return;
    if (!this.#parts.engine.isResident) return this.#bringUp(0);
    this.#becomeWarm();
  }

  #becomeWarm(): void {
    this.#state = "warm";
    this.#warmSinceMs = Math.min(this.#warmSinceMs, this.#parts.clock.nowMs);
    this.#resolveDoubt();
    this.#parts.onWatch();
  }

  #watch(): void {
    if (this.isWell) this.#parts.onWatch();
    this.#parts.clock.after(WATCH_INTERVAL_MS, () => this.#watch());
  }

  #bringUp(failures: number): void {
    this.#state = "loading";
    this.#warmSinceMs = Infinity;
    this.#parts.engine.load((isLoaded) => {
      if (!isLoaded) return this.#retry(failures);
      this.#parts.forgetCaches();
      this.#sendCanaries(BRING_UP_CANARIES, failures);
    });
  }

  #sendCanaries(left: number, failures: number): void {
    this.#probe(CANARY_TIMEOUT_MS, (probed) => {
      if (probed !== "answered") return this.#retry(failures);
      if (left > 1) return this.#sendCanaries(left - 1, failures);
      this.#becomeWarm();
    });
  }

  #retry(failures: number): void {
    this.#state = "down";
    this.#parts.clock.after(retryDelayMs(failures), () => this.#bringUp(failures + 1));
  }

  /** Asks an engine that left a line without a chunk for a token, once it has nothing else to do. */
  #resolveDoubt(): void {
    if (this.#wedge.name !== "doubted" || this.#isDoubtPending) return;
    if (this.#state !== "warm") return;
    this.#isDoubtPending = true;
    const settled = (): void => {
      this.#isDoubtPending = false;
      this.#resolveDoubt();
    };
    if (!this.#parts.isUnused()) {
      this.#parts.clock.after(DOUBT_INTERVAL_MS, settled);
      return;
    }
    this.#probe(WEDGE_TIMEOUT_MS, (probed) => {
      if (probed === "silent") this.#keepSilence();
      if (this.#wedge.name === "quarantined" && this.#state === "warm") this.#quarantine();
      settled();
    });
  }

  #quarantine(): void {
    this.#state = "wedged";
    this.#warmSinceMs = Infinity;
    this.#parts.clock.after(probeDelayMs(this.#wedge), () => {
      if (!this.#parts.engine.isResident) return this.#bringUp(0);
      this.#probe(CANARY_TIMEOUT_MS, (probed) => {
        if (probed !== "silent") return this.#bringUp(0);
        this.#keepSilence();
        this.#quarantine();
      });
    });
  }

  #keepSilence(): void {
    this.#wedge = advanceWedge(this.#wedge, { name: "silence", alone: true });
  }

  #probe(timeoutMs: number, ended: (probed: Probed) => void): void {
    let isOver = false;
    const end = (probed: Probed): void => {
      if (isOver) return;
      isOver = true;
      callOff();
      ended(probed);
    };
    const failed = (): void => end("failed");
    const callOff = this.#parts.clock.after(timeoutMs, () => {
      this.#parts.giveUp(ticket);
      end("silent");
    });
    const ticket = this.#parts.probe({
      granted: () => {},
      first: () => {},
      done: () => {
        this.answered();
        end("answered");
      },
      shed: failed,
      preempted: failed,
      failed,
    });
  }
}
