import { z } from "zod";
import { isAllRead } from "../frame-reader.ts";
import { startWriting, writeUint, written } from "../frame-writer.ts";
import { plainsOf } from "../plain.ts";

export type Fields = Readonly<Record<string, z.ZodType>>;

/** A message's value, whichever message it is. */
export type ValueFields = Readonly<Record<string, unknown>>;

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
   * Reads what follows the type in the frame of so many values that the reader has begun; undefined
   * for what is not plain, or wrong. Quick, and never other than what `wire` makes of it.
   */
  readonly readPlain: (count: number) => ValueFields | undefined;
  /** Writes a value as a frame; undefined for one that `wire` would refuse, or that is not plain. */
  readonly writePlain: (value: ValueFields) => Buffer | undefined;
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
  let wire: Message["wire"] | undefined;
  return {
    kind,
    type,
    fields,
    names: Object.keys(fields),
    // Made when a frame is not plain, which may be never: a start is to be quick.
    get wire() {
      return (wire ??= z.tuple([z.literal(type), ...Object.values(fields)]).rest(z.unknown()));
    },
    ...plainWays(type, kind, fields),
  };
}

function plainWays(
  type: number,
  kind: string,
  fields: Fields,
): Pick<Message, "readPlain" | "writePlain"> {
  const names = Object.keys(fields);
  const plains = plainsOf(Object.values(fields));
  if (!plains) return { readPlain: () => undefined, writePlain: () => undefined };
  return {
    readPlain(count) {
      if (count !== 1 + plains.length) return undefined;
      const value: Record<string, unknown> = { kind };
      for (let index = 0; index < plains.length; index++) {
        const field = plains[index]!.read();
        if (field === undefined) return undefined;
        value[names[index]!] = field;
      }
      return isAllRead() ? value : undefined;
    },
    writePlain(value) {
      startWriting(1 + plains.length);
      writeUint(type);
      for (let index = 0; index < plains.length; index++) {
        if (!plains[index]!.write(value[names[index]!])) return undefined;
      }
      return written();
    },
  };
}
