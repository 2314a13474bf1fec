import { encode } from "../codec.ts";
import { LIMITS } from "../limits.ts";
import { DOWN_SAMPLES, UP_SAMPLES } from "../spec/samples.ts";

/** What hurts a careless decoder, as a whole frame or put somewhere into one. */
const PIECES: readonly Uint8Array[] = [
  // Lengths that promise more than there is: str, bin, array, map of 2^32 - 1; ext 32.
  Buffer.from("dbffffffff", "hex"),
  Buffer.from("c6ffffffff", "hex"),
  Buffer.from("ddffffffff", "hex"),
  Buffer.from("dfffffffff", "hex"),
  Buffer.from("c9ffffffff01", "hex"),
  // Extensions: fixext, ext 8, a timestamp, undefined, a record of msgpackr and its use, a
  // pointer into its bundled strings, a structured clone that refers to itself.
  Buffer.from("d40000", "hex"),
  Buffer.from("c7010100", "hex"),
  Buffer.from("d6ff00000000", "hex"),
  Buffer.from("d47240", "hex"),
  Buffer.from("d4724091a16101", "hex"),
  Buffer.from("c70462000000ff", "hex"),
  Buffer.from("d6690000000191d67000000001", "hex"),
  Buffer.from("c1", "hex"),
  // Integers beyond 2^53 either way; NaN, infinities, minus zero, a float that is an integer.
  Buffer.from("cfffffffffffffffff", "hex"),
  Buffer.from("cf0020000000000000", "hex"),
  Buffer.from("d38000000000000000", "hex"),
  Buffer.from("cb7ff8000000000000", "hex"),
  Buffer.from("cb7ff0000000000000", "hex"),
  Buffer.from("cbfff0000000000000", "hex"),
  Buffer.from("cb8000000000000000", "hex"),
  Buffer.from("cb3ff0000000000000", "hex"),
  Buffer.from("ca7fc00000", "hex"),
  // Keys: __proto__, constructor, prototype, the same one twice, one that is no string.
  Buffer.concat([Buffer.of(0x81, 0xa9), Buffer.from("__proto__"), Buffer.of(0x81, 0xa1, 0x61, 1)]),
  Buffer.concat([Buffer.of(0x81, 0xab), Buffer.from("constructor"), Buffer.of(0x80)]),
  Buffer.concat([Buffer.of(0x81, 0xa9), Buffer.from("prototype"), Buffer.of(0xc0)]),
  Buffer.from("82a16101a16102", "hex"),
  Buffer.from("810101", "hex"),
  // What is no UTF-8: a stray byte, an overlong form, a surrogate, a code point that is cut.
  Buffer.from("a1ff", "hex"),
  Buffer.from("a2c080", "hex"),
  Buffer.from("a3eda080", "hex"),
  Buffer.from("a2e282", "hex"),
  Buffer.from("a3efbbbf", "hex"),
  // More levels, and more values, than are allowed.
  new Uint8Array(LIMITS.MAX_DEPTH + 1).fill(0x91),
  new Uint8Array(5_000).fill(0x91),
  new Uint8Array(1_000).fill(0x81),
  Buffer.concat([Buffer.of(0xdc, 0xff, 0xff), new Uint8Array(0xfff0).fill(0x90)]),
  new Uint8Array(0),
];

const FRAMES: readonly Uint8Array[] = [...UP_SAMPLES, ...DOWN_SAMPLES].map(({ value }) =>
  encode(value),
);

/** Of frames, so many are not damaged at all: what follows them meets a peer that goes on. */
const SOUND_ONE_IN = 16;
const MAX_CHANGES = 4;

/**
 * Frames such as no honest peer sends, without end: sound ones of either direction, damaged in one
 * to four places, and some that are left as they are. The same seed gives the same frames.
 */
export class HostileFrames {
  #state: number;

  constructor(seed: number) {
    // Zero is the one state that xorshift does not leave.
    this.#state = seed >>> 0 || 1;
  }

  /** A buffer, as a WebSocket hands it over. */
  next(): Buffer {
    let frame = this.#oneOf(FRAMES);
    if (this.#below(SOUND_ONE_IN) > 0) {
      for (let left = 1 + this.#below(MAX_CHANGES); left > 0; left--) frame = this.#changed(frame);
    }
    return Buffer.from(frame);
  }

  #changed(frame: Uint8Array): Uint8Array {
    const at = this.#below(frame.length + 1);
    const to = at + this.#below(frame.length - at + 1);
    const [before, middle, after] = [frame.slice(0, at), frame.slice(at, to), frame.slice(to)];
    switch (this.#below(8)) {
      case 0: // one bit
        if (frame.length === 0) return frame;
        return frame.with(at % frame.length, frame[at % frame.length]! ^ (1 << this.#below(8)));
      case 1: // one byte
        if (frame.length === 0) return frame;
        return frame.with(at % frame.length, this.#below(256));
      case 2: // cut short
        return before;
      case 3: // a part left out
        return Buffer.concat([before, after]);
      case 4: // a part twice
        return Buffer.concat([before, middle, middle, after]);
      case 5: // the end of another one
        return Buffer.concat([before, this.#tailOf(this.#oneOf(FRAMES))]);
      case 6: // something put in
        return Buffer.concat([before, this.#oneOf(PIECES), middle, after]);
      default: // something in the place of a part
        return Buffer.concat([before, this.#oneOf(PIECES), after]);
    }
  }

  #tailOf(frame: Uint8Array): Uint8Array {
    return frame.subarray(this.#below(frame.length + 1));
  }

  #oneOf<T>(items: readonly T[]): T {
    return items[this.#below(items.length)]!;
  }

  /** xorshift: a whole number below the bound. */
  #below(bound: number): number {
    let state = this.#state;
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    this.#state = state >>> 0;
    return this.#state % bound;
  }
}
