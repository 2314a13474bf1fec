/** Rooms remembered; past it the one that was heard of least lately starts anew. */
const MAX_ROOMS = 4_096;
/** A room's debt in rounds: what it used beyond that is forgiven. */
const MAX_DEBT_ROUNDS = 8;

/** Names a room over all connections. */
export type RoomKey = string | number;

interface Share {
  creditMs: number;
  /** The last round in which it had its quantum. */
  round: number;
}

/**
 * Deficit round robin over rooms: each that waits gets the same time of the slots in each round,
 * pays for what it uses, and waits for the next round when it has used it up. Within a round the
 * order is somebody else's.
 */
export class RoomShares {
  readonly #shares = new Map<RoomKey, Share>();
  #round = 0;

  /** Whether the room may be served in this round. */
  hasCredit(room: RoomKey, quantumMs: number): boolean {
    const share = this.#shares.get(room);
    return !share || share.creditMs + this.#owed(share, quantumMs) > 0;
  }

  /** Takes what a generation costs, or gives back what it did not use. */
  charge(room: RoomKey, costMs: number, quantumMs: number): void {
    const share = this.#shares.get(room) ?? { creditMs: quantumMs, round: this.#round };
    const creditMs = Math.min(quantumMs, share.creditMs + this.#owed(share, quantumMs)) - costMs;
    this.#shares.delete(room);
    this.#shares.set(room, {
      creditMs: Math.min(quantumMs, Math.max(-MAX_DEBT_ROUNDS * quantumMs, creditMs)),
      round: this.#round,
    });
    if (this.#shares.size <= MAX_ROOMS) return;
    const [oldest] = this.#shares.keys();
    if (oldest !== undefined) this.#shares.delete(oldest);
  }

  /** Everybody who waits has used up this round. */
  nextRound(): void {
    this.#round++;
  }

  /** Rounds that came since the room last had its quantum, each worth one; no more than one is saved. */
  #owed({ creditMs, round }: Share, quantumMs: number): number {
    const gainedMs = (this.#round - round) * quantumMs;
    return Math.min(gainedMs, Math.max(0, quantumMs - creditMs));
  }
}
