import { type Capability } from "../capabilities.ts";
import type { Clock } from "../clock.ts";
import { LIMITS } from "../limits.ts";
import type { Resume } from "../messages/resume.ts";
import type { Welcome } from "../messages/welcome.ts";
import { advanceSession, type SessionEvent, type SessionState } from "./session-state.ts";

const RESUME: Capability = "resume";

/** Keeps what the next connection needs to go on with what the last one had open. */
export class ClientSession {
  readonly #clock: Clock;
  #state: SessionState = { name: "none" };

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get state(): SessionState["name"] {
    return this.#state.name;
  }

  /** The session to go on with, if there is one. */
  get name(): Uint8Array | null {
    return this.#state.name === "detached" ? this.#state.welcome.session : null;
  }

  /** The lines that were open when the session was lost that goes on now; else undefined. */
  welcomed(welcome: Welcome): ReadonlySet<number> | undefined {
    const before = this.#state;
    this.#advance({ name: "welcomed", welcome });
    return before.name === "detached" && welcome.resumed ? before.lines : undefined;
  }

  /** The connection is lost; returns whether a next one may go on, until `onExpired`. */
  lost(lines: ReadonlySet<number>, onExpired: () => void): boolean {
    if (this.#state.name !== "attached") return false;
    const { capabilities, resumeWindowMs } = this.#state.welcome;
    if (!capabilities.includes(RESUME) || resumeWindowMs === 0) return false;
    const disarm = this.#clock.schedule(resumeWindowMs, onExpired);
    return this.#advance({ name: "lost", lines, disarm });
  }

  /** There is nothing to go on with; returns whether there was. */
  end(): boolean {
    return this.#advance({ name: "ended" });
  }

  #advance(event: SessionEvent): boolean {
    const before = this.#state;
    const state = advanceSession(before, event);
    if (!state) return false;
    if (before.name === "detached") before.disarm();
    this.#state = state;
    return true;
  }
}

/** Where the client stands: code points of each open line, nil for those it ended meanwhile. */
export function resumeMessages(stands: ReadonlyMap<number, number | null>): readonly Resume[] {
  const lines = [...stands];
  const messages: Resume[] = [];
  do {
    const part = lines.splice(0, LIMITS.MAX_LINES_PER_RESUME);
    messages.push({ kind: "resume", lines: part, more: lines.length > 0 });
  } while (lines.length > 0);
  return messages;
}
