/**
 * Who may use an endpoint's slots. A slot is held by one owner, or by nobody while its upstream
 * still works off a request that was given up (a zombie): a closed socket is not a free slot.
 * Those who find none free wait in one bounded line, first come first served.
 */
export class Slots<Owner> {
  #total: number;
  readonly #maxWaiting: number;
  readonly #holders = new Set<Owner>();
  readonly #waiting = new Set<Owner>();
  #zombies = 0;

  constructor(total: number, maxWaiting: number) {
    this.#total = total;
    this.#maxWaiting = maxWaiting;
  }

  get total(): number {
    return this.#total;
  }

  get inFlight(): number {
    return this.#holders.size;
  }

  get zombies(): number {
    return this.#zombies;
  }

  get waiting(): number {
    return this.#waiting.size;
  }

  get hasFree(): boolean {
    return this.#holders.size + this.#zombies < this.#total;
  }

  /** Takes a slot, or a place in the line, or neither if the line is at its bound. */
  request(owner: Owner): "granted" | "waiting" | "refused" {
    if (this.hasFree && this.#waiting.size === 0) {
      this.#holders.add(owner);
      return "granted";
    }
    if (this.#waiting.size >= this.#maxWaiting) return "refused";
    this.#waiting.add(owner);
    return "waiting";
  }

  /** Leaves the line; a holder keeps its slot. */
  leave(owner: Owner): void {
    this.#waiting.delete(owner);
  }

  /** Gives a slot back. Returns who holds one in its place. */
  release(owner: Owner): Owner | undefined {
    this.#holders.delete(owner);
    return this.#grantNext();
  }

  /** Gives a slot up whose upstream is still at work; `bury` frees it. */
  abandon(owner: Owner): void {
    if (this.#holders.delete(owner)) this.#zombies++;
  }

  /** The upstream of an abandoned slot has ended. Returns who holds one in its place. */
  bury(): Owner | undefined {
    if (this.#zombies > 0) this.#zombies--;
    return this.#grantNext();
  }

  /** Changes how many there are; who holds one keeps it. Returns those who hold one now. */
  resize(total: number): Owner[] {
    this.#total = total;
    const granted: Owner[] = [];
    for (;;) {
      const owner = this.#grantNext();
      if (owner === undefined) return granted;
      granted.push(owner);
    }
  }

  #grantNext(): Owner | undefined {
    if (!this.hasFree) return undefined;
    for (const owner of this.#waiting) {
      this.#waiting.delete(owner);
      this.#holders.add(owner);
      return owner;
    }
    return undefined;
  }
}
