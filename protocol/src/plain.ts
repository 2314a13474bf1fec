import { z } from "zod";
import * as reader from "./frame-reader.ts";
import * as writer from "./frame-writer.ts";
import { LIMITS } from "./limits.ts";

type Schema = z.core.$ZodType;

/**
 * How values of one schema are read from a frame and written into one, with nothing between the
 * schema's bounds and the bytes. A general decoder builds whatever came, a schema answers with every
 * issue and a copy of the value, and that is most of what a message costs; nearly every message has
 * no issue, and comes in its usual form.
 */
export interface Plain {
  /** Reads the next value; undefined for one that the schema refuses, or that is not plain. */
  read(): unknown;
  /** Writes a value, and says whether the schema takes it as it is; if not, all of it is void. */
  write(value: unknown): boolean;
}

/**
 * Compiles a schema. Undefined where it is of a kind, or has a check, that is not known here: then
 * the general way alone must do. What a compiled one refuses is left to that way, to explain.
 */
export function plainOf(schema: Schema): Plain | undefined {
  const isChecked = (schema._zod.def.checks?.length ?? 0) > 0;
  if (isChecked && UNCHECKED.some((kind) => schema instanceof kind)) return undefined;
  if (schema instanceof z.ZodBoolean) return BOOLEAN;
  if (schema instanceof z.ZodEnum) return text((value) => schema.options.includes(value as string));
  if (schema instanceof z.ZodNullable) return nullable(schema.def.innerType);
  if (schema instanceof z.ZodTuple) return schema.def.rest ? undefined : tuple(schema.def.items);
  // Ours are of bytes; one that is not refuses what is read for it.
  if (schema instanceof z.ZodCustom) return bytes(schema.def.fn);
  const checks = checksOf(schema);
  if (!checks) return undefined;
  const { least, most, passes } = checks;
  if (schema instanceof z.ZodArray) return array(schema.def.element, passes);
  if (schema instanceof z.ZodString) return text(passes);
  const isUint32 = least >= 0 && most <= 0xffff_ffff;
  if (schema instanceof z.ZodNumberFormat && schema._zod.def.format === "safeint" && isUint32) {
    return uint32(passes);
  }
  return undefined;
}

/** Longer ones are in another form. */
const MAX_SHORT_BYTES = 255;

/** Kinds of which no check is known here. */
const UNCHECKED = [z.ZodBoolean, z.ZodEnum, z.ZodNullable, z.ZodTuple, z.ZodCustom] as const;

/** Schemas one after another; undefined if one of them cannot be compiled. */
export function plainsOf(schemas: readonly Schema[]): readonly Plain[] | undefined {
  const plains = schemas.map(plainOf);
  return plains.every((plain) => plain !== undefined) ? plains : undefined;
}

const BOOLEAN: Plain = {
  read: reader.readBoolean,
  write(value) {
    if (typeof value !== "boolean") return false;
    writer.writeBoolean(value);
    return true;
  },
};

function uint32(passes: Passes): Plain {
  return {
    read() {
      const value = reader.readUint();
      return passes(value, value) ? value : undefined;
    },
    write(value) {
      if (typeof value !== "number" || !Number.isSafeInteger(value)) return false;
      if (!passes(value, value)) return false;
      writer.writeUint(value);
      return true;
    },
  };
}

function text(passes: Passes): Plain {
  return {
    read() {
      const value = reader.readText(LIMITS.MAX_FRAME_BYTES);
      return value !== undefined && passes(value, value.length) ? value : undefined;
    },
    write(value) {
      if (typeof value !== "string" || !passes(value, value.length)) return false;
      writer.writeText(value);
      return true;
    },
  };
}

function bytes(isSound: (value: unknown) => unknown): Plain {
  return {
    read() {
      const value = reader.readBytes();
      return isSound(value) ? value : undefined;
    },
    write(value) {
      if (!(value instanceof Uint8Array && value.length <= MAX_SHORT_BYTES && isSound(value))) {
        return false;
      }
      writer.writeBytes(value);
      return true;
    },
  };
}

function nullable(inner: Schema): Plain | undefined {
  const plain = plainOf(inner);
  if (!plain) return undefined;
  return {
    read: () => (reader.takesNil() ? null : plain.read()),
    write(value) {
      if (value !== null) return plain.write(value);
      writer.writeNil();
      return true;
    },
  };
}

function tuple(items: readonly Schema[]): Plain | undefined {
  const plains = plainsOf(items);
  if (!plains) return undefined;
  return {
    read() {
      if (reader.readArrayHead() !== plains.length) return undefined;
      const values: unknown[] = [];
      for (const plain of plains) {
        const value = plain.read();
        if (value === undefined) return undefined;
        values.push(value);
      }
      return values;
    },
    write(value) {
      if (!Array.isArray(value) || value.length !== plains.length) return false;
      writer.writeArrayHead(plains.length);
      return plains.every((plain, index) => plain.write(value[index]));
    },
  };
}

function array(element: Schema, passes: Passes): Plain | undefined {
  const plain = plainOf(element);
  if (!plain) return undefined;
  return {
    read() {
      const length = reader.readArrayHead();
      const values: unknown[] = [];
      if (!(length >= 0 && passes(values, length))) return undefined;
      while (values.length < length) {
        const value = plain.read();
        if (value === undefined) return undefined;
        values.push(value);
      }
      return values;
    },
    write(value) {
      if (!Array.isArray(value) || !passes(value, value.length)) return false;
      const ones: readonly unknown[] = value;
      writer.writeArrayHead(ones.length);
      // `every` would pass over holes, which no schema takes.
      for (const one of ones) if (!plain.write(one)) return false;
      return true;
    },
  };
}

/** @param size of a number the number itself, else the length */
type Passes = (value: unknown, size: number) => boolean;

interface Checks {
  readonly least: number;
  readonly most: number;
  readonly passes: Passes;
}

function checksOf(schema: Schema): Checks | undefined {
  let least = -Infinity;
  let most = Infinity;
  const refinements: ((value: unknown) => unknown)[] = [];
  for (const check of schema._zod.def.checks ?? []) {
    if (check instanceof z.core.$ZodCheckMinLength) {
      least = Math.max(least, check._zod.def.minimum);
    } else if (check instanceof z.core.$ZodCheckMaxLength) {
      most = Math.min(most, check._zod.def.maximum);
    } else if (check instanceof z.core.$ZodCheckGreaterThan && check._zod.def.inclusive) {
      least = Math.max(least, Number(check._zod.def.value));
    } else if (check instanceof z.core.$ZodCheckLessThan && check._zod.def.inclusive) {
      most = Math.min(most, Number(check._zod.def.value));
    } else if (check instanceof z.core.$ZodCustom && !(schema instanceof z.ZodArray)) {
      // An array's would have to wait for its elements.
      refinements.push(check._zod.def.fn);
    } else return undefined;
  }
  const passes: Passes = (value, size) =>
    size >= least && size <= most && refinements.every((refinement) => refinement(value));
  return { least, most, passes };
}
