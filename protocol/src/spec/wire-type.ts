import { z } from "zod";

const UINT32_MAX = 0xffff_ffff;

/** Says in words what a field is on the wire: the type column of SPEC.md. */
export function wireType(schema: z.ZodType): string {
  if (schema.description !== undefined) return schema.description;
  if (schema instanceof z.ZodNullable) return `${wireType(inner(schema.unwrap()))} or nil`;
  if (schema instanceof z.ZodNumber) return uintType(schema);
  if (schema instanceof z.ZodBoolean) return "bool";
  if (schema instanceof z.ZodEnum) return schema.options.map((value) => `"${value}"`).join(", ");
  if (schema instanceof z.ZodTuple) return `[${schema.def.items.map(typeOfAny).join("; ")}]`;
  if (schema instanceof z.ZodArray) {
    return `array of ${countOf(schema)} × ${wireType(inner(schema.element))}`;
  }
  throw new TypeError(`no words for the schema type ${schema.type}`);
}

function typeOfAny(schema: z.core.$ZodType): string {
  return wireType(inner(schema));
}

/** zod types the parts of a schema by its core; they are whole schemas all the same. */
function inner(schema: z.core.$ZodType): z.ZodType {
  return schema as z.ZodType;
}

function uintType({ minValue, maxValue }: z.ZodNumber): string {
  const from = minValue === 0 ? "" : ` from ${minValue}`;
  const to = maxValue === UINT32_MAX ? "" : ` up to ${maxValue}`;
  return `uint32${from}${to}`;
}

function countOf({ def }: z.ZodArray): string {
  let minimum = 0;
  let maximum = Infinity;
  for (const check of def.checks ?? []) {
    const bound = check._zod.def;
    if (bound.check === "min_length" && "minimum" in bound) minimum = Number(bound.minimum);
    if (bound.check === "max_length" && "maximum" in bound) maximum = Number(bound.maximum);
  }
  if (maximum === Infinity) throw new TypeError("an array without a bound");
  return `${minimum} to ${maximum}`;
}
