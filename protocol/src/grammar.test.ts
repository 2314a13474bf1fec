import { Packr } from "msgpackr";
import { describe, expect, it } from "vitest";
import { type Code, ProtocolError } from "./codes.ts";
import { decodeUp } from "./codec.ts";
import { assertClosedGrammar } from "./grammar.ts";
import { LIMITS } from "./limits.ts";

function bytes(...parts: (number | string | Uint8Array)[]): Uint8Array {
  return Buffer.concat(
    parts.map((part) => (typeof part === "number" ? Buffer.of(part) : Buffer.from(part))),
  );
}

function codeOf(frame: Uint8Array): Code | undefined {
  try {
    assertClosedGrammar(frame);
    return undefined;
  } catch (error) {
    if (error instanceof ProtocolError) return error.code;
    throw error;
  }
}

function nested(depth: number): Uint8Array {
  return bytes(new Uint8Array(depth).fill(0x91), 0xc0);
}

function fullOfArrays(count: number): Uint8Array {
  return bytes(0xdc, count >> 8, count & 255, new Uint8Array(count).fill(0x90));
}

/** Packs with all that msgpackr can put on a wire. */
const liberal = new Packr({ useRecords: true, moreTypes: true, structuredClone: true });

describe("the closed grammar admits", () => {
  it("nil, booleans, numbers of every width, strings, byte strings, arrays and maps", () => {
    const packr = new Packr({ useRecords: false });
    for (const value of [
      null,
      true,
      0,
      -1,
      -33,
      200,
      -200,
      70_000,
      -70_000,
      0xffff_ffff,
      2 ** 53,
      -(2 ** 53),
      1.5,
      "",
      "Grüße 🍺",
      "x".repeat(40),
      "x".repeat(300),
      Buffer.alloc(3),
      Buffer.alloc(300),
      [],
      Array.from({ length: 20 }, () => 1),
      { a: 1 },
      Object.fromEntries(Array.from({ length: 20 }, (_, i) => [`k${i}`, i])),
    ]) {
      expect(codeOf(packr.pack(value))).toBeUndefined();
    }
  });

  it("the widest forms of small values, which other encoders may choose", () => {
    expect(codeOf(bytes(0xdd, 0, 0, 0, 1, 0xcf, 0, 0, 0, 0, 0, 0, 0, 5))).toBeUndefined();
    expect(codeOf(bytes(0xdb, 0, 0, 0, 1, "a"))).toBeUndefined();
    expect(
      codeOf(bytes(0xdf, 0, 0, 0, 1, 0xa1, "a", 0xd3, 255, 255, 255, 255, 255, 255, 255, 0)),
    ).toBeUndefined();
    expect(codeOf(bytes(0xc6, 0, 0, 0, 1, 0))).toBeUndefined();
    expect(codeOf(bytes(0xca, 0, 0, 0, 0))).toBeUndefined();
  });
});

describe("the closed grammar refuses", () => {
  it.each<[string, unknown]>([
    ["a regular expression", /a+/],
    ["a set", new Set([1])],
    ["an error", new Error("no")],
    ["a typed array", new Float32Array(4)],
    ["a date", new Date(0)],
    ["a bigint beyond 64 bits", 2n ** 70n],
    ["undefined", undefined],
  ])("%s, which msgpackr would build", (_name, value) => {
    expect(codeOf(liberal.pack([value]))).toBe("forbidden_type");
  });

  it("a record definition and its use, which msgpackr would compile", () => {
    const frame = liberal.pack([{ a: 1 }, { a: 2 }]);
    expect(codeOf(frame)).toBe("forbidden_type");
  });

  it("an object that refers to itself", () => {
    const self: unknown[] = [];
    self.push(self);
    expect(codeOf(liberal.pack(self))).toBe("forbidden_type");
  });

  it("every extension, and the byte that MessagePack never uses", () => {
    for (const tag of [0xc1, 0xc7, 0xc8, 0xc9, 0xd4, 0xd5, 0xd6, 0xd7, 0xd8]) {
      expect(codeOf(bytes(0x91, tag, new Uint8Array(20)))).toBe("forbidden_type");
    }
  });

  it("a key that comes twice, that is __proto__, or that is no string", () => {
    expect(codeOf(bytes(0x82, 0xa1, "a", 1, 0xa1, "a", 2))).toBe("bad_map");
    expect(codeOf(bytes(0x82, 0xa1, "a", 1, 0xd9, 1, "a", 2))).toBe("bad_map");
    expect(codeOf(bytes(0x81, 0xa9, "__proto__", 1))).toBe("bad_map");
    expect(codeOf(bytes(0x81, 1, 1))).toBe("bad_map");
    expect(codeOf(bytes(0x81, 0x90, 1))).toBe("bad_map");
  });

  it("strings that are not valid UTF-8, keys too", () => {
    for (const bad of [[0xff], [0xc0, 0x80], [0xed, 0xa0, 0x80], [0xe2, 0x82], [0xf5, 1, 1, 1]]) {
      expect(codeOf(bytes(0xa0 + bad.length, Uint8Array.from(bad)))).toBe("bad_utf8");
    }
    expect(codeOf(bytes(0x81, 0xa1, 0x80, 1))).toBe("bad_utf8");
    expect(codeOf(bytes(0xaa, "good start", 0xa0))).toBe("malformed");
  });

  it("bytes after the message, and a message that is not whole", () => {
    expect(codeOf(bytes(0x90, 0))).toBe("malformed");
    for (const cut of [[], [0x91], [0xa2, 0x61], [0xcd, 1], [0xcb, 1], [0xdc, 0], [0x81, 0xa1]]) {
      expect(codeOf(Uint8Array.from(cut))).toBe("malformed");
    }
  });

  it("lengths that promise more than there is, without reading or allocating it", () => {
    for (const tag of [0xc6, 0xdb]) {
      expect(codeOf(bytes(tag, 0xff, 0xff, 0xff, 0xff))).toBe("malformed");
    }
    for (const tag of [0xdd, 0xdf]) {
      expect(codeOf(bytes(tag, 0xff, 0xff, 0xff, 0xff))).toBe("malformed");
    }
  });

  it("64-bit integers outside -2^53 to 2^53 - 1", () => {
    expect(codeOf(bytes(0xcf, 0, 0x1f, 255, 255, 255, 255, 255, 255))).toBeUndefined();
    expect(codeOf(bytes(0xcf, 0, 0x20, 0, 0, 0, 0, 0, 0))).toBe("integer_out_of_range");
    expect(codeOf(bytes(0xcf, 255, 255, 255, 255, 255, 255, 255, 255))).toBe(
      "integer_out_of_range",
    );
    expect(codeOf(bytes(0xd3, 0x80, 0, 0, 0, 0, 0, 0, 0))).toBe("integer_out_of_range");
    expect(codeOf(bytes(0xd3, 0xff, 0xe0, 0, 0, 0, 0, 0, 0))).toBeUndefined();
    expect(codeOf(bytes(0xd3, 0xff, 0xdf, 255, 255, 255, 255, 255, 255))).toBe(
      "integer_out_of_range",
    );
  });

  it("nesting of 5,000, and of one level more than the limit", () => {
    expect(codeOf(nested(LIMITS.MAX_DEPTH))).toBeUndefined();
    expect(codeOf(nested(LIMITS.MAX_DEPTH + 1))).toBe("too_deep");
    expect(codeOf(nested(5_000))).toBe("too_deep");
  });

  it("more values than the limit, such as a frame full of empty arrays", () => {
    expect(codeOf(fullOfArrays(LIMITS.MAX_ELEMENTS - 1))).toBeUndefined();
    expect(codeOf(fullOfArrays(LIMITS.MAX_ELEMENTS))).toBe("too_many_elements");
    expect(codeOf(fullOfArrays(60_000))).toBe("too_many_elements");
  });

  it("a frame of one byte more than the limit", () => {
    const frame = (length: number): Uint8Array =>
      bytes(0xc5, (length - 3) >> 8, (length - 3) & 255, new Uint8Array(length - 3));
    expect(codeOf(frame(65_538))).toBe("frame_too_large");
    const inLimit = bytes(0xc6, 0, 0, 0xff, 0xfb, new Uint8Array(0xfffb));
    expect(inLimit).toHaveLength(LIMITS.MAX_FRAME_BYTES);
    expect(codeOf(inLimit)).toBeUndefined();
  });

  it("in words that are shorter than an error may be, whatever was sent", () => {
    const key = bytes(0xda, 0x40, 0, "k".repeat(0x4000));
    const frame = bytes(0x82, key, 1, key, 1);
    expect(codeOf(frame)).toBe("bad_map");
    expect(() => decodeUp(frame)).toThrow(/^the key k{100,400}/);
    expect(() => decodeUp(frame)).not.toThrow(/k{512}/);
  });
});
