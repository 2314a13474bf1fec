import { dirname, resolve } from "node:path";
import { isNode, LineCounter, parseDocument } from "yaml";
import type { z } from "zod";
import { type Problem, shownValue } from "../config/problem.ts";
import type { ValueSource } from "../config/source.ts";
import { type Scenario, scenarioSchema } from "./scenario.ts";

export const MAX_SCENARIO_FILE_BYTES = 262_144;

/**
 * What a flag says: the place in the scenario, the value, and the flag's name for errors. In a path,
 * `*` is each of a list, and `length` how many it is to have: those that it lacks are like its last
 * one, but for the failures.
 */
export interface Override {
  readonly path: readonly string[];
  readonly value: unknown;
  readonly flag: string;
}

export interface ScenarioText {
  readonly text: string;
  readonly file: string;
}

export type ScenarioRead =
  | { readonly scenario: Scenario }
  | { readonly problems: readonly Problem[] };

/**
 * Makes a scenario of a file in YAML or JSON, if there is one, with the flags' values in the place
 * of its own, and of defaults. A file's relative paths begin at its folder.
 */
export function readScenario(
  file: ScenarioText | undefined,
  overrides: readonly Override[],
): ScenarioRead {
  const lines = new LineCounter();
  const document = parseDocument(file?.text ?? "", { lineCounter: lines, prettyErrors: false });
  const name = file?.file ?? "";
  const sourceAt = (offset: number): ValueSource => {
    return { from: "file", file: name, line: Math.max(1, lines.linePos(offset).line) };
  };
  const [broken] = document.errors;
  if (broken) {
    const why = broken.message.split("\n")[0] ?? broken.message;
    return { problems: [{ key: "scenario", source: sourceAt(broken.pos[0]), why }] };
  }
  const written: unknown = document.toJS({ maxAliasCount: 100 }) ?? {};
  if (file) makeCallsAbsolute(written, dirname(file.file));
  for (const { path, value } of overrides) set(written, path, value);
  const parsed = scenarioSchema.safeParse(written);
  if (parsed.success) return { scenario: parsed.data };
  const sourceOf = (path: readonly PropertyKey[]): ValueSource => {
    const override = overrides.findLast(({ path: of }) => isWithin(path, of));
    if (override) return { from: "flag", flag: override.flag };
    const part = overrides.findLast(({ path: of }) => isWithin(of, path));
    if (part && !document.hasIn(path)) return { from: "flag", flag: part.flag };
    for (let length = path.length; length >= 0; length--) {
      const node = document.getIn(path.slice(0, length), true);
      if (isNode(node) && node.range) return file ? sourceAt(node.range[0]) : DEFAULT;
    }
    return DEFAULT;
  };
  return { problems: parsed.error.issues.flatMap((issue) => problemsOf(issue, written, sourceOf)) };
}

const DEFAULT: ValueSource = { from: "default" };

function problemsOf(
  issue: z.core.$ZodIssue,
  written: unknown,
  sourceOf: (path: readonly PropertyKey[]) => ValueSource,
): Problem[] {
  if (issue.code === "unrecognized_keys") {
    return issue.keys.map((key) => {
      const path = [...issue.path, key];
      const why = "a scenario has no such key; docs/guides/capacity.md lists them";
      return { key: keyOf(path), source: sourceOf(path), why };
    });
  }
  const value = issue.path.reduce(valueIn, written);
  const shown = typeof value === "string" ? value : JSON.stringify(value);
  return [
    {
      key: keyOf(issue.path),
      ...(typeof value !== "object" &&
        shown !== undefined && { value: shownValue([shown], false) }),
      source: sourceOf(issue.path),
      why: issue.message,
    },
  ];
}

function isWithin(path: readonly PropertyKey[], whole: readonly PropertyKey[]): boolean {
  return whole.every((part, at) => part === path[at] || (part === "*" && at < path.length));
}

/** `endpoints[0].slots`. */
function keyOf(path: readonly PropertyKey[]): string {
  if (path.length === 0) return "scenario";
  return path
    .map((part) => (typeof part === "number" ? `[${part}]` : `.${String(part)}`))
    .join("")
    .replace(/^\./u, "");
}

function valueIn(value: unknown, part: PropertyKey): unknown {
  return typeof value === "object" && value !== null ? Reflect.get(value, part) : undefined;
}

/** Sets a value deep inside, with lists and maps made on the way; does nothing in what is neither. */
function set(
  target: unknown,
  [first, ...rest]: readonly (string | number)[],
  value: unknown,
): void {
  if (typeof target !== "object" || target === null || first === undefined) return;
  if (Array.isArray(target) && first === "length") return resize(target, Number(value));
  if (Array.isArray(target) && first === "*") {
    for (const at of target.keys()) set(target, [at, ...rest], value);
    return;
  }
  if (rest.length === 0) return void Reflect.set(target, first, value);
  if (Reflect.get(target, first) === undefined) {
    const isList = rest[0] === "*" || rest[0] === "length";
    Reflect.set(target, first, isList ? [{}] : {});
  }
  set(Reflect.get(target, first), rest, value);
}

function resize(list: unknown[], count: number): void {
  list.length = Math.min(list.length, count);
  const last = list.at(-1);
  if (typeof last !== "object" || last === null) return;
  const { failures: _own, ...like } = last as { failures?: unknown };
  while (list.length < count) list.push(structuredClone(like));
}

function makeCallsAbsolute(written: unknown, folder: string): void {
  const endpoints = valueIn(written, "endpoints");
  if (!Array.isArray(endpoints)) return;
  for (const endpoint of endpoints as unknown[]) {
    const calls = valueIn(endpoint, "calls");
    if (typeof calls === "string") set(endpoint, ["calls"], resolve(folder, calls));
  }
}
