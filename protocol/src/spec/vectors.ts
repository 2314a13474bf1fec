import { Unpackr } from "msgpackr";
import { encode } from "../codec.ts";
import { BAD_DOWN, BAD_GRAMMAR, BAD_UP, type BadFrame } from "./bad-frames.ts";
import { DOWN_SAMPLES, type Sample, UP_SAMPLES } from "./samples.ts";

/** One vector: bytes, and the value they are or the code they are refused with. */
export type Vector = GoodVector | BadVector;

interface GoodVector {
  readonly name: string;
  readonly hex: string;
  readonly value: unknown;
}

interface BadVector {
  readonly name: string;
  readonly hex: string;
  readonly error: string;
}

const unpackr = new Unpackr({ useRecords: false, mapsAsObjects: true, int64AsType: "number" });

/** Frames that our encoder would not write, and that a peer must read all the same. */
const OTHER_FORMS: readonly { readonly name: string; readonly hex: string }[] = [
  { name: "cancel in the widest forms", hex: "dd00000002cf0000000000000008ce00000001" },
  { name: "cancel with fields of a newer version", hex: "94080181a16101c0" },
];

/** The files of `vectors/`, by name: what any implementation's decoder is tested with. */
export function vectorFiles(): Readonly<Record<string, readonly Vector[]>> {
  return {
    "grammar.json": BAD_GRAMMAR.map(badVector),
    "up.json": [
      ...UP_SAMPLES.map(goodVector),
      ...OTHER_FORMS.map(({ name, hex }) => wireVector(name, Buffer.from(hex, "hex"))),
      ...BAD_UP.map(badVector),
    ],
    "down.json": [...DOWN_SAMPLES.map(goodVector), ...BAD_DOWN.map(badVector)],
  };
}

/** A value as JSON can carry it: bytes become `{"$bytes": hex}`. */
export function toJson(value: unknown): unknown {
  if (value instanceof Uint8Array) return { $bytes: Buffer.from(value).toString("hex") };
  if (Array.isArray(value)) return value.map(toJson);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, toJson(one)]));
}

function goodVector({ name, value }: Sample): Vector {
  return wireVector(name, encode(value));
}

/** The bytes of a sound frame beside their value, which is the array that they are. */
export function wireVector(name: string, bytes: Buffer): GoodVector {
  return { name, hex: bytes.toString("hex"), value: toJson(unpackr.unpack(bytes)) };
}

function badVector({ name, bytes, error }: BadFrame): Vector {
  return { name, hex: Buffer.from(bytes).toString("hex"), error };
}
