/**
 * Numbers that repeat with the seed (sfc32). Each stream of a seed is independent of the others, so
 * that a change of the slots leaves the arrivals as they were.
 */
export class Random {
  #a: number;
  #b: number;
  #c: number;
  #counter = 1;

  constructor(seed: number, stream: string) {
    this.#a = hash(stream, seed);
    this.#b = hash(stream, this.#a);
    this.#c = hash(stream, this.#b);
    for (let round = 0; round < MIXING_ROUNDS; round++) this.next();
  }

  /** From 0 to 1, 1 excluded. */
  next(): number {
    const sum = (this.#a + this.#b + this.#counter) | 0;
    this.#counter = (this.#counter + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = (this.#c << 21) | (this.#c >>> 11);
    this.#c = (this.#c + sum) | 0;
    return (sum >>> 0) / 2 ** 32;
  }

  /** From 0 to below `count`. */
  below(count: number): number {
    return Math.floor(this.next() * count);
  }

  /** The gap to the next event of a Poisson process. */
  exponential(mean: number): number {
    return -Math.log(1 - this.next()) * mean;
  }

  /** Around a median of 1; two in three lie between `1 / e^sigma` and `e^sigma`. */
  logNormal(sigma: number): number {
    if (sigma === 0) return 1;
    const radius = Math.sqrt(-2 * Math.log(1 - this.next()));
    return Math.exp(sigma * radius * Math.cos(2 * Math.PI * this.next()));
  }
}

const MIXING_ROUNDS = 12;

/** FNV-1a. */
function hash(text: string, seed: number): number {
  let mixed = 0x811c9dc5 ^ seed;
  for (const byte of Buffer.from(text)) mixed = Math.imul(mixed ^ byte, 0x01000193);
  return mixed | 0;
}
