import { decode as decodeElsewhere } from "@msgpack/msgpack";
import * as fc from "fast-check";
import { Unpackr } from "msgpackr";
import { describe, expect, it } from "vitest";
import { type Code, ProtocolError } from "./codes.ts";
import {
  decodeAnyDown,
  decodeAnyUp,
  decodeDown,
  decodeUp,
  encode,
  encodeAny,
  type UnknownMessage,
} from "./codec.ts";
import type { Down } from "./down.ts";
import { assertClosedGrammar } from "./grammar.ts";
import { LIMITS } from "./limits.ts";
import { DOWN_SAMPLES, UP_SAMPLES } from "./spec/samples.ts";
import { HostileFrames } from "./testing/hostile-frames.ts";
import type { Up } from "./up.ts";

const CODES_THAT_BYTES_BREAK: ReadonlySet<Code> = new Set([
  "frame_too_large",
  "malformed",
  "forbidden_type",
  "too_deep",
  "too_many_elements",
  "bad_utf8",
  "bad_map",
  "integer_out_of_range",
  "bad_field",
  "text_too_long",
]);

type Decode = (bytes: Uint8Array) => Up | Down | UnknownMessage;

/** What a frame decodes to, or the code it is refused with; anything else that is thrown, throws. */
function outcomeOf(decode: Decode, bytes: Uint8Array): unknown {
  try {
    return decode(bytes);
  } catch (error) {
    if (error instanceof ProtocolError && CODES_THAT_BYTES_BREAK.has(error.code)) {
      return error.code;
    }
    throw error;
  }
}

/** A sound frame with some of its bytes changed, dropped or added. */
const mutatedFrame: fc.Arbitrary<Uint8Array> = fc
  .tuple(
    fc.constantFrom(...UP_SAMPLES, ...DOWN_SAMPLES),
    fc.array(fc.tuple(fc.nat(), fc.nat(255), fc.constantFrom("set", "drop", "insert")), {
      minLength: 1,
      maxLength: 4,
    }),
  )
  .map(([{ value }, changes]) => {
    const bytes = [...encode(value)];
    for (const [where, byte, change] of changes) {
      const at = where % bytes.length;
      if (change === "set") bytes[at] = byte;
      else if (change === "insert") bytes.splice(at, 0, byte);
      else if (bytes.length > 1) bytes.splice(at, 1);
    }
    return Uint8Array.from(bytes);
  });

const hostileFrame = fc.nat().map((seed) => new HostileFrames(seed).next());

const longText = fc
  .string({ unit: "binary", maxLength: 200 })
  .chain((one) => fc.nat(40).map((times) => one.repeat(times + 1)));

function manyParts(count: number): Buffer {
  return encode({ kind: "delta", parts: Array.from({ length: count }, () => [1, 0, "x"]) });
}

describe("the codec", () => {
  it("answers random bytes with a message or a ProtocolError, and nothing else", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        expect(outcomeOf(decodeUp, bytes)).toBeDefined();
        expect(outcomeOf(decodeDown, bytes)).toBeDefined();
      }),
      { numRuns: 2_000 },
    );
  });

  it("answers mutated frames with a message or a ProtocolError, and nothing else", () => {
    fc.assert(
      fc.property(mutatedFrame, (bytes) => {
        expect(outcomeOf(decodeUp, bytes)).toBeDefined();
        expect(outcomeOf(decodeDown, bytes)).toBeDefined();
      }),
      { numRuns: 5_000 },
    );
  });

  it("reads mutated frames exactly as the general way does", () => {
    fc.assert(
      fc.property(fc.oneof(mutatedFrame, hostileFrame), (bytes) => {
        expect(outcomeOf(decodeUp, bytes)).toEqual(outcomeOf(decodeAnyUp, bytes));
        expect(outcomeOf(decodeDown, bytes)).toEqual(outcomeOf(decodeAnyDown, bytes));
      }),
      { numRuns: 20_000 },
    );
  });

  it("builds from what the grammar admits what an independent decoder builds", () => {
    const unpackr = new Unpackr({ useRecords: false, mapsAsObjects: true, int64AsType: "number" });
    fc.assert(
      fc.property(fc.oneof(mutatedFrame, fc.uint8Array({ maxLength: 40 })), (bytes) => {
        try {
          assertClosedGrammar(bytes);
        } catch {
          return;
        }
        // That decoder leaves a byte order mark out of longer strings; ours counts it.
        fc.pre(!Buffer.from(bytes).includes("\ufeff"));
        expect(unpackr.unpack(bytes)).toEqual(decodeElsewhere(bytes));
      }),
      { numRuns: 5_000 },
    );
  });

  it.each(DOWN_SAMPLES)("ignores fields that a newer minor version adds to: $name", ({ value }) => {
    const bytes = encode(value);
    const longer = Buffer.concat([bytes, Buffer.of(0xa3), Buffer.from("new")]);
    // The array's length stands in its first byte, or in the third where it has more than fifteen.
    const lengthAt = bytes[0] === 0xdc ? 2 : 0;
    longer[lengthAt] = (longer[lengthAt] ?? 0) + 1;
    expect(decodeDown(longer)).toEqual(value);
  });

  it("knows a type of another direction as little as one of the future", () => {
    expect(decodeUp(Uint8Array.of(0x91, 64))).toEqual({ kind: "unknown", type: 64 });
    expect(decodeDown(Uint8Array.of(0x93, 99, 1, 2))).toEqual({ kind: "unknown", type: 99 });
  });

  it("takes nothing but an array that starts with a message type", () => {
    for (const bytes of [[0xc0], [0x07], [0x80], [0x90], [0x91, 0xa1, 0x61], [0x91, 0xc0]]) {
      expect(outcomeOf(decodeUp, Uint8Array.from(bytes))).toBe("malformed");
    }
    for (const bytes of [
      [0x91, 0xff],
      [0x91, 0xcb, 0x3f, 0xf8, 0, 0, 0, 0, 0, 0],
    ]) {
      expect(outcomeOf(decodeUp, Uint8Array.from(bytes))).toBe("malformed");
    }
  });

  it("names the message, the field and what is allowed", () => {
    const bytes = encode({ kind: "cancel", line: 0 });
    expect(() => decodeUp(bytes)).toThrow("cancel.line: Too small: expected number to be >=1");
    expect(() => decodeUp(Uint8Array.of(0x91, 8))).toThrow("cancel");
  });

  it("keeps what it decoded apart from the frame that it came in", () => {
    const session = Buffer.alloc(16, 7);
    const bytes = encode({ kind: "hello", minor: 0, capabilities: [], client: "c", session });
    const hello = decodeUp(bytes);
    bytes.fill(0);
    expect(hello).toMatchObject({ session: Buffer.alloc(16, 7) });
  });

  it("puts U+FFFD for an unpaired surrogate, wherever it stands, so that the frame is sound", () => {
    const lone = "a\ud83d";
    const mended = "a\ufffd";
    const cue = UP_SAMPLES.find(({ name }) => name === "cue for one character")?.value;
    if (cue?.kind !== "cue") throw new Error("no such sample");
    const candidates: typeof cue.candidates = [[lone, 0, 0]];
    const sent = encode({ ...cue, candidates, player: [lone, lone], said: lone, context: [lone] });
    expect(decodeUp(sent)).toMatchObject({
      candidates: [[mended, 0, 0]],
      player: [mended, mended],
      said: mended,
      context: [mended],
    });
    const action = { kind: "action", line: 1, offset: 0, action: 0, name: "n" } as const;
    const proposed = decodeDown(encode({ ...action, arguments: { [lone]: lone } }));
    expect(proposed).toMatchObject({ arguments: { [mended]: mended } });
    for (const words of [lone, lone.repeat(100)]) {
      const delta = decodeDown(encode({ kind: "delta", parts: [[1, 0, words]] }));
      expect(delta).toEqual({ kind: "delta", parts: [[1, 0, words.toWellFormed()]] });
    }
  });
});

describe("the way of their own that deltas have", () => {
  const parts = fc.array(fc.tuple(fc.nat(0xffff_ffff), fc.nat(0xffff_ffff), longText), {
    maxLength: 20,
  });

  it("reads what it wrote, and what the general way wrote, as the general way does", () => {
    fc.assert(
      fc.property(parts, (values) => {
        const message = { kind: "delta" as const, parts: values };
        const expected = outcomeOf(decodeAnyDown, encodeAny(message));
        expect(outcomeOf(decodeDown, encode(message))).toEqual(expected);
        expect(outcomeOf(decodeDown, encodeAny(message))).toEqual(expected);
        expect(outcomeOf(decodeAnyDown, encode(message))).toEqual(expected);
      }),
      { numRuns: 300 },
    );
  });

  it("refuses and admits mutated frames exactly as the general way does", () => {
    const samples = DOWN_SAMPLES.filter(({ value }) => value.kind === "delta");
    const mutatedDelta = fc
      .tuple(fc.constantFrom(...samples), fc.nat(), fc.nat(255), fc.boolean())
      .map(([{ value }, where, byte, isCut]) => {
        const bytes = encode(value);
        bytes[where % bytes.length] = byte;
        return isCut ? bytes.subarray(0, where % bytes.length) : bytes;
      });
    fc.assert(
      fc.property(mutatedDelta, (bytes) => {
        expect(outcomeOf(decodeDown, bytes)).toEqual(outcomeOf(decodeAnyDown, bytes));
      }),
      { numRuns: 5_000 },
    );
  });

  it.each([-1, 1.5, 2 ** 32, NaN])(
    "leaves a number that is no uint32 to be refused: %d",
    (wrong) => {
      for (const part of [[wrong, 0, "x"] as const, [1, wrong, "x"] as const]) {
        const frame = encode({ kind: "delta", parts: [[...part]] });
        expect(outcomeOf(decodeDown, frame)).toBe("bad_field");
      }
    },
  );

  it("takes as many parts as a frame may have, and no more", () => {
    expect(decodeDown(manyParts(LIMITS.MAX_DELTAS_PER_FRAME))).toMatchObject({ kind: "delta" });
    expect(outcomeOf(decodeDown, manyParts(LIMITS.MAX_DELTAS_PER_FRAME + 1))).toBe("bad_field");
    expect(outcomeOf(decodeDown, manyParts(0))).toBe("bad_field");
  });

  it("says which text is too long", () => {
    const words = "x".repeat(LIMITS.MAX_DELTA_BYTES + 1);
    const frame = encode({ kind: "delta", parts: [[1, 0, words]] });
    expect(outcomeOf(decodeDown, frame)).toBe("text_too_long");
  });
});
