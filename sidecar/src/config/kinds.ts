import { resolve } from "node:path";

/** What was written for a setting, wherever that was: one text, or several. */
export type Written = readonly string[];

/** A value; or what is wrong with what was written, as a sentence. */
export type Parsed<T> = { readonly value: T } | Wrong;

interface Wrong {
  readonly wrong: string;
}

/** What a setting may hold. */
export interface Kind<T> {
  /** Stands for the value in `--help`. */
  readonly placeholder: string;
  /** What is allowed, as the subject of a sentence. */
  readonly allowed: string;
  /** Whether several values, or several flags, make up one setting. */
  readonly holdsMany: boolean;
  /** @param folder where relative paths begin */
  parse(written: Written, folder: string): Parsed<T>;
}

export function integer(min: number, max: number): Kind<number> {
  const allowed = `a whole number from ${min} to ${max}`;
  return single("N", allowed, (text) => {
    const value = Number(text);
    return /^\s*\d+\s*$/u.test(text) && value >= min && value <= max ? value : undefined;
  });
}

export function choice<const T extends string>(options: readonly T[]): Kind<T> {
  const allowed = `one of ${options.join(", ")}`;
  return single("NAME", allowed, (text) => options.find((option) => option === text.trim()));
}

/**
 * A text that `read` accepts; it may return another spelling of it, or undefined to refuse it, or
 * say what is wrong with it.
 */
export function text(
  placeholder: string,
  allowed: string,
  read: (text: string) => string | Wrong | undefined,
): Kind<string> {
  return single(placeholder, allowed, (written) => {
    const trimmed = written.trim();
    return CONTROL.test(trimmed) ? undefined : read(trimmed);
  });
}

/** A file or folder; kept as an absolute path. */
export function path(placeholder: string, allowed: string, maxBytes: number): Kind<string> {
  return single(placeholder, allowed, (text, folder) => {
    if (text === "" || CONTROL.test(text)) return undefined;
    const absolute = resolve(folder, text);
    return Buffer.byteLength(absolute) <= maxBytes ? absolute : undefined;
  });
}

/** Several values of a kind, separated by commas wherever one text is written. */
export function list(kind: Kind<string>, maxItems: number): Kind<readonly string[]> {
  const allowed = `at most ${maxItems} values, each ${kind.allowed}`;
  return {
    placeholder: kind.placeholder,
    allowed,
    holdsMany: true,
    parse(written, folder) {
      const values: string[] = [];
      for (const item of itemsOf(written)) {
        const parsed = kind.parse([item], folder);
        if ("wrong" in parsed) return parsed;
        values.push(parsed.value);
      }
      return values.length <= maxItems ? { value: values } : { wrong: due(allowed) };
    },
  };
}

const CONTROL = /\p{Cc}/u;

function single<T>(
  placeholder: string,
  allowed: string,
  read: (text: string, folder: string) => T | Wrong | undefined,
): Kind<T> {
  return {
    placeholder,
    allowed,
    holdsMany: false,
    parse([text, ...more], folder) {
      const value = text === undefined || more.length > 0 ? undefined : read(text, folder);
      if (value === undefined) return { wrong: due(allowed) };
      return isWrong(value) ? value : { value };
    },
  };
}

function isWrong(value: unknown): value is Wrong {
  return typeof value === "object" && value !== null && "wrong" in value;
}

function itemsOf(written: Written): string[] {
  return written
    .flatMap((text) => text.split(","))
    .map((item) => item.trim())
    .filter((item) => item !== "");
}

function due(allowed: string): string {
  return `${allowed} is due`;
}
