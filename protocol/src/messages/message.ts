import { z } from "zod";
import { fitsInOrder } from "../fits.ts";

export type Fields = Readonly<Record<string, z.ZodType>>;

/**
 * One message of the protocol. On the wire it is the MessagePack array
 * `[type, ...fields]`, the fields in the order in which they are declared.
 */
export interface Message<K extends string = string, F extends Fields = Fields> {
  readonly kind: K;
  /** The leading number on the wire. */
  readonly type: number;
  readonly fields: F;
  /** The whole array; trailing fields of a newer minor version pass unread. */
  readonly wire: z.ZodType<readonly unknown[]>;
  /** The names of the fields, in their order. */
  readonly names: readonly string[];
  /**
   * Whether `wire` takes an array that starts with this type as it is. Quick, and never wrong in a
   * yes; a no may be for `wire` to judge.
   */
  readonly fits: (array: readonly unknown[]) => boolean;
}

/** A message's value in code: its kind, and its fields by name. */
export type ValueOf<M> =
  M extends Message<infer K, infer F>
    ? { readonly kind: K } & { readonly [P in keyof F]: z.output<F[P]> }
    : never;

export function message<const K extends string, const F extends Fields>(
  type: number,
  kind: K,
  fields: F,
): Message<K, F> {
  const schemas = Object.values(fields);
  const wire = z.tuple([z.literal(type), ...schemas]).rest(z.unknown());
  const fit = fitsInOrder(schemas);
  const fits = (array: readonly unknown[]): boolean => fit?.(array, 1) ?? false;
  return { kind, type, fields, wire, names: Object.keys(fields), fits };
}
