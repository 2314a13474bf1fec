import { LIMITS } from "@banterwire/protocol";
import { type ConnectionLimits, HEARTBEAT_MS, MAX_RESUMES_PER_SECOND } from "../config.ts";
import { RateLimit } from "../policy/rate.ts";
import { Allowance, type AllowanceKey } from "./allowance.ts";
import { Session, type SessionParts } from "../session.ts";
import { LineLog } from "./line-log.ts";
import { Secrets } from "./secrets.ts";
import type { SessionPeer } from "./session-state.ts";

export interface SessionTableParts extends Pick<
  SessionParts,
  "upstream" | "cards" | "clock" | "observe" | "gameRate"
> {
  /** What a session that begins now may hold. */
  readonly limits: () => ConnectionLimits;
  /** What rooms and characters may weigh, of a session that begins now, and of all. */
  readonly memory: () => Readonly<Record<AllowanceKey, number>>;
  /** How long a session that begins now is kept after a loss; 0 for not at all. */
  readonly resumeWindowMs: () => number;
  /** How many sessions may be without a connection; past it the one lost first ends. */
  readonly maxDetached: () => number;
}

interface Kept {
  readonly session: Session;
  /** The token of the game that may come back to it. */
  readonly game: string | undefined;
  readonly windowMs: number;
  readonly resumes: RateLimit;
}

/** All sessions of the sidecar: those of its connections, and those that wait for a new one. */
export class SessionTable {
  readonly #parts: SessionTableParts;
  readonly #sessions = new Map<string, Kept>();
  /** In the order in which they were lost. */
  readonly #detached = new Set<string>();
  readonly #names = new Secrets(LIMITS.SESSION_BYTES);
  readonly #allowance: Allowance;
  /** Kept by the sessions: it is asked for many times a millisecond. */
  readonly #open = { lines: 0 };

  constructor(parts: SessionTableParts) {
    this.#parts = parts;
    const maxMib = (): number => parts.memory().maxRegisteredMibInAll;
    this.#allowance = new Allowance("maxRegisteredMibInAll", maxMib);
  }

  /** What the rooms and characters of all sessions weigh, about. */
  get registeredBytes(): number {
    return this.#allowance.bytes;
  }

  get rooms(): number {
    return this.#sum(({ rooms }) => rooms);
  }

  get openLines(): number {
    return this.#open.lines;
  }

  /** Sessions without a connection. */
  get detached(): number {
    return this.#detached.size;
  }

  /** Begins a session; `resumable` as the client wishes it. */
  begin(
    peer: SessionPeer,
    client: {
      readonly game: string | undefined;
      readonly connection: number;
      readonly resumable: boolean;
    },
  ): { readonly session: Session; readonly windowMs: number } {
    const { limits, memory, resumeWindowMs, ...parts } = this.#parts;
    const { maxRegisteredMib } = memory();
    const name = this.#names.next();
    const windowMs = client.resumable ? resumeWindowMs() : 0;
    const session = new Session(
      {
        ...parts,
        name,
        open: this.#open,
        connection: client.connection,
        limits: limits(),
        allowance: new Allowance("maxRegisteredMib", () => maxRegisteredMib, this.#allowance),
        // A loss is noticed after two heartbeats at the latest.
        log: windowMs > 0 ? new LineLog(windowMs + 2 * HEARTBEAT_MS) : undefined,
        beyondResume: () => this.close(session),
      },
      peer,
    );
    const resumes = new RateLimit(MAX_RESUMES_PER_SECOND, parts.clock.nowMs());
    this.#sessions.set(keyOf(name), { session, game: client.game, windowMs, resumes });
    return { session, windowMs };
  }

  /** The session of that name, if the game has it and it can be gone on with. */
  takeOver(
    name: Uint8Array,
    game: string | undefined,
    peer: SessionPeer,
  ): { readonly session: Session; readonly windowMs: number } | undefined {
    const key = keyOf(name);
    const kept = this.#sessions.get(key);
    if (!kept || kept.game !== game || !kept.session.isResumable) return undefined;
    // Each is told again all that it asks for, and who does not read leaves it in our memory.
    if (!kept.resumes.take(this.#parts.clock.nowMs())) return undefined;
    this.#detached.delete(key);
    kept.session.takeOver(peer);
    return kept;
  }

  /** A session's connection is lost: it waits for another one, or ends where it cannot. */
  lose(session: Session): void {
    const key = keyOf(session.name);
    const { windowMs } = this.#sessions.get(key) ?? { windowMs: 0 };
    const maxDetached = this.#parts.maxDetached();
    if (windowMs === 0 || maxDetached === 0 || !session.isResumable) return this.close(session);
    while (this.#detached.size >= maxDetached) this.#endOldest();
    this.#detached.add(key);
    session.lose(this.#parts.clock.schedule(windowMs, () => this.close(session)));
  }

  close(session: Session): void {
    const key = keyOf(session.name);
    this.#sessions.delete(key);
    this.#detached.delete(key);
    session.close();
  }

  /** Ends the sessions that nobody is connected to: the sidecar is about to stop. */
  closeDetached(): void {
    while (this.#detached.size > 0) this.#endOldest();
  }

  /** The cards have changed. */
  recast(): void {
    for (const { session } of this.#sessions.values()) session.recast();
  }

  #endOldest(): void {
    const [oldest = ""] = this.#detached;
    this.#detached.delete(oldest);
    const kept = this.#sessions.get(oldest);
    if (kept) this.close(kept.session);
  }

  #sum(valueOf: (session: Session) => number): number {
    return this.#sessions.values().reduce((sum, { session }) => sum + valueOf(session), 0);
  }
}

function keyOf(name: Uint8Array): string {
  return Buffer.from(name).toString("hex");
}
