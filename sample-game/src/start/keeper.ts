import { afterEnd, NO_FAILURES, type RestartRecord } from "./restart-policy.ts";

/** How a child ended. */
export interface ChildEnd {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** The last of what it wrote. */
  readonly tail: readonly string[];
}

/** A child process, as far as its keeper needs it. */
export interface Child {
  /** Resolves once; a child that could not be started has ended too. */
  readonly ended: Promise<ChildEnd>;
  kill(signal: "SIGTERM" | "SIGKILL"): void;
}

/** Milliseconds and timers, handed in so that tests can hold them still. */
export interface KeeperClock {
  nowMs(): number;
  schedule(delayMs: number, callback: () => void): () => void;
}

export interface KeeperEvents {
  /** It ended, and starts again after so long. */
  restarting(end: ChildEnd, delayMs: number): void;
  /** It ended with a code that says that starting it again is of no use. */
  gaveUp(end: ChildEnd): void;
}

export interface KeeperOptions extends KeeperEvents {
  readonly start: () => Child;
  /** Exit codes by which the child says that its user has to change something. */
  readonly hopelessCodes: readonly number[];
  readonly clock: KeeperClock;
}

/** Between asking a child to stop and ending it by force. */
export const STOP_WITHIN_MS = 3_000;

type State =
  | { readonly name: "running"; readonly child: Child }
  | { readonly name: "waiting"; readonly callOff: () => void }
  | { readonly name: "stopping"; readonly child: Child }
  | { readonly name: "ended" };

/** Keeps one child running: starts it again when it ends, ever later if it keeps ending. */
export class Keeper {
  readonly #options: KeeperOptions;
  #record: RestartRecord = NO_FAILURES;
  #state: State;

  constructor(options: KeeperOptions) {
    this.#options = options;
    this.#state = this.#run();
  }

  /** Ends the child, by force if it takes too long; resolves when nothing is left of it. */
  async stop(): Promise<void> {
    const state = this.#state;
    if (state.name === "waiting") {
      state.callOff();
      this.#state = { name: "ended" };
    }
    if (state.name === "stopping") await state.child.ended;
    if (state.name !== "running") return;
    const { child } = state;
    this.#state = { name: "stopping", child };
    child.kill("SIGTERM");
    const callOff = this.#options.clock.schedule(STOP_WITHIN_MS, () => child.kill("SIGKILL"));
    await child.ended;
    callOff();
    this.#state = { name: "ended" };
  }

  /** Ends the child at once. */
  kill(): void {
    const state = this.#state;
    if (state.name === "waiting") state.callOff();
    if (state.name === "running" || state.name === "stopping") state.child.kill("SIGKILL");
    this.#state = { name: "ended" };
  }

  #run(): State {
    const { start, clock } = this.#options;
    const startedMs = clock.nowMs();
    const child = start();
    void child.ended.then((end) => this.#ended(child, end, clock.nowMs() - startedMs));
    return { name: "running", child };
  }

  #ended(child: Child, end: ChildEnd, upMs: number): void {
    if (this.#state.name !== "running" || this.#state.child !== child) return;
    const { hopelessCodes, clock } = this.#options;
    if (end.code !== null && hopelessCodes.includes(end.code)) {
      this.#state = { name: "ended" };
      return this.#options.gaveUp(end);
    }
    const { record, delayMs } = afterEnd(this.#record, upMs);
    this.#record = record;
    const callOff = clock.schedule(delayMs, () => {
      this.#state = this.#run();
    });
    this.#state = { name: "waiting", callOff };
    this.#options.restarting(end, delayMs);
  }
}
