import { z } from "zod";

type Schema = z.core.$ZodType;

/** Whether a schema would take a value as it is. */
export type Fits = (value: unknown) => boolean;

/**
 * Compiles a schema into a plain predicate. A schema answers with every issue and a copy of the
 * value, and that is most of what a message costs; nearly every message has no issue, and needs
 * neither. What a predicate refuses is left to the schema to explain.
 *
 * Undefined where the schema is of a kind, or has a check, that is not known here: then it must be
 * asked itself.
 */
export function fitsOf(schema: Schema): Fits | undefined {
  if (schema instanceof z.ZodBoolean) return (value) => typeof value === "boolean";
  if (schema instanceof z.ZodEnum) return oneOf(schema.options);
  if (schema instanceof z.ZodNullable) return nullable(schema.def.innerType);
  if (schema instanceof z.ZodTuple) return schema.def.rest ? undefined : tuple(schema.def.items);
  const passes = checksOf(schema);
  if (!passes) return undefined;
  if (schema instanceof z.ZodArray) return array(schema.def.element, passes);
  if (schema instanceof z.ZodString) {
    return (value) => typeof value === "string" && passes(value, value.length);
  }
  if (schema instanceof z.ZodNumberFormat && schema._zod.def.format === "safeint") {
    return (value) => Number.isSafeInteger(value) && passes(value, Number(value));
  }
  return undefined;
}

/** A predicate for values one after another; undefined if one of the schemas has none. */
export function fitsInOrder(
  schemas: readonly Schema[],
): ((values: readonly unknown[], start: number) => boolean) | undefined {
  const fits = schemas.map(fitsOf);
  if (!fits.every((one) => one !== undefined)) return undefined;
  return (values, start) => {
    for (let index = 0; index < fits.length; index++) {
      if (!fits[index]!(values[start + index])) return false;
    }
    return true;
  };
}

function oneOf(options: readonly unknown[]): Fits {
  return (value) => options.includes(value);
}

function nullable(inner: Schema): Fits | undefined {
  const fits = fitsOf(inner);
  return fits && ((value) => value === null || fits(value));
}

function tuple(items: readonly Schema[]): Fits | undefined {
  const fit = fitsInOrder(items);
  return fit && ((value) => Array.isArray(value) && value.length === items.length && fit(value, 0));
}

function array(element: Schema, passes: Checks): Fits | undefined {
  const fits = fitsOf(element);
  return (
    fits && ((value) => Array.isArray(value) && passes(value, value.length) && value.every(fits))
  );
}

/** @param size of a number the number itself, else the length */
type Checks = (value: unknown, size: number) => boolean;

function checksOf(schema: Schema): Checks | undefined {
  let least = -Infinity;
  let most = Infinity;
  const refinements: Fits[] = [];
  for (const check of schema._zod.def.checks ?? []) {
    if (check instanceof z.core.$ZodCheckMinLength) {
      least = Math.max(least, check._zod.def.minimum);
    } else if (check instanceof z.core.$ZodCheckMaxLength) {
      most = Math.min(most, check._zod.def.maximum);
    } else if (check instanceof z.core.$ZodCheckGreaterThan && check._zod.def.inclusive) {
      least = Math.max(least, Number(check._zod.def.value));
    } else if (check instanceof z.core.$ZodCheckLessThan && check._zod.def.inclusive) {
      most = Math.min(most, Number(check._zod.def.value));
    } else if (check instanceof z.core.$ZodCustom) {
      const { fn } = check._zod.def;
      refinements.push((value) => Boolean(fn(value)));
    } else return undefined;
  }
  return (value, size) =>
    size >= least && size <= most && refinements.every((refinement) => refinement(value));
}
