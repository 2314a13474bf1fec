import * as fc from "fast-check";
import { Packr, Unpackr } from "msgpackr";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { encodeAny } from "./codec.ts";
import { DOWN } from "./down.ts";
import type { Message } from "./messages/message.ts";
import { plainOf } from "./plain.ts";
import { DOWN_SAMPLES, UP_SAMPLES } from "./spec/samples.ts";
import { UP } from "./up.ts";

const packr = new Packr({ useRecords: false, encodeUndefinedAsNil: true });
const unpackr = new Unpackr({ useRecords: false, mapsAsObjects: true, int64AsType: "number" });
const MESSAGES: readonly Message[] = [...UP, ...DOWN];
const wires: readonly unknown[][] = [...UP_SAMPLES, ...DOWN_SAMPLES].map(
  ({ value }) => unpackr.unpack(encodeAny(value)) as unknown[],
);

function messageOf([type]: readonly unknown[]): Message {
  const message = MESSAGES.find((one) => one.type === type);
  if (!message) throw new Error(`no message of the type ${String(type)}`);
  return message;
}

/** Values at and around every bound that a field may have. */
const anyValue: fc.Arbitrary<unknown> = fc.oneof(
  fc.constantFrom(null, undefined, true, false, NaN, Infinity, -0, -1, 0, 1, 0.5, 254, 255, 256),
  fc.constantFrom(60_000, 60_001, 2 ** 32 - 1, 2 ** 32, 2 ** 53, "", "none", "model", "reply"),
  fc.constantFrom(Buffer.alloc(16), Buffer.alloc(15), {}, [], [[]]),
  fc.nat(70_000),
  fc
    .tuple(fc.string({ unit: "binary", minLength: 1, maxLength: 3 }), fc.nat(400))
    .map(([text, times]) => text.repeat(times)),
);

/** A sound array with a value replaced, left out or added, at any depth. */
const mutatedWire: fc.Arbitrary<unknown[]> = fc
  .tuple(
    fc.constantFrom(...wires),
    fc.array(fc.tuple(fc.nat(), fc.nat(3), anyValue), { minLength: 1, maxLength: 3 }),
  )
  .map(([wire, changes]) => {
    const mutated = structuredClone(wire);
    for (const [where, how, value] of changes) mutate(mutated, where, how, value);
    return mutated;
  });

function mutate(array: unknown[], where: number, how: number, value: unknown): void {
  // The type stays: which message it is has been decided before.
  const at = 1 + (where % array.length);
  const inner = array[at];
  if (Array.isArray(inner) && inner.length > 0 && how !== 0) {
    return mutateInner(inner, where, how, value);
  }
  if (how === 1) array.splice(at, 1);
  else if (how === 2) array.splice(at, 0, value);
  else array[at] = value;
}

function mutateInner(array: unknown[], where: number, how: number, value: unknown): void {
  const at = where % array.length;
  const inner = array[at];
  if (Array.isArray(inner) && inner.length > 0) return mutateInner(inner, where >> 3, how, value);
  if (how === 1) array.splice(at, 1);
  else if (how === 2) array.push(...Array.from({ length: where % 20 }, () => value));
  else array[at] = value;
}

/** With a field that only its schema knows: none of them comes once a line. */
const BY_SCHEMA_ALONE: ReadonlySet<string> = new Set(["action"]);

function wellFormed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(wellFormed);
  return typeof value === "string" ? value.toWellFormed() : value;
}

function valueOf({ kind, names }: Message, wire: readonly unknown[]): Record<string, unknown> {
  return Object.fromEntries([
    ["kind", kind],
    ...names.map((name, index) => [name, wire[1 + index]]),
  ]);
}

describe("the plain way", () => {
  it.each(wires)("writes a message of the type %d as the general packer does", (...wire) => {
    const message = messageOf(wire);
    const frame = message.writePlain(valueOf(message, wire));
    expect(frame).toEqual(BY_SCHEMA_ALONE.has(message.kind) ? undefined : packr.pack(wire));
  });

  it("writes what the schema takes as it is, and nothing else", () => {
    let taken = 0;
    fc.assert(
      fc.property(mutatedWire, (wire) => {
        const message = messageOf(wire);
        const ofItsFields = wire.slice(0, 1 + message.names.length);
        const { success, data } = message.wire.safeParse(ofItsFields);
        const frame = message.writePlain(valueOf(message, wire));
        expect(frame !== undefined).toBe(success && !BY_SCHEMA_ALONE.has(message.kind));
        if (!frame) return;
        taken++;
        const mended = unpackr.unpack(packr.pack(ofItsFields.map(wellFormed)));
        expect(unpackr.unpack(frame)).toEqual(mended);
        expect(data).toEqual(ofItsFields);
      }),
      { numRuns: 20_000 },
    );
    expect(taken).toBeGreaterThan(500);
  });

  it("writes no array with holes", () => {
    const plain = plainOf(z.array(z.boolean()));
    expect(plain?.write([true, false])).toBe(true);
    expect(plain?.write(Array.from({ length: 2 }, () => true))).toBe(true);
    expect(plain?.write(Object.assign([], { length: 2 }))).toBe(false);
  });

  it("writes bytes that are within its form", () => {
    const plain = plainOf(z.custom<Uint8Array>((value) => value instanceof Uint8Array));
    expect([255, 256].map((length) => plain?.write(new Uint8Array(length)))).toEqual([true, false]);
  });

  it("is not taken with a schema of a kind, or with a check, that is not known", () => {
    expect(plainOf(z.number())).toBeUndefined();
    expect(plainOf(z.tuple([z.boolean()]).refine(() => true))).toBeUndefined();
    expect(plainOf(z.array(z.boolean()).refine(() => true))).toBeUndefined();
    expect(plainOf(z.custom(() => true).refine(() => true))).toBeUndefined();
    expect(plainOf(z.int())).toBeUndefined();
    expect(plainOf(z.int().min(-1).max(1))).toBeUndefined();
    expect(
      plainOf(
        z
          .int()
          .min(0)
          .max(2 ** 32),
      ),
    ).toBeUndefined();
    expect(plainOf(z.int().min(0).max(9).multipleOf(2))).toBeUndefined();
    expect(plainOf(z.int().gt(1).max(9))).toBeUndefined();
    expect(plainOf(z.string().toUpperCase())).toBeUndefined();
    expect(plainOf(z.string().regex(/a/u).nullable())).toBeUndefined();
    expect(plainOf(z.tuple([z.boolean()]).rest(z.boolean()))).toBeUndefined();
    expect(plainOf(z.array(z.union([z.boolean(), z.null()])))).toBeUndefined();
    expect(plainOf(z.tuple([z.date()]))).toBeUndefined();
    expect(plainOf(z.string().optional())).toBeUndefined();
    expect(plainOf(z.string().transform((text) => text.length))).toBeUndefined();
  });
});
