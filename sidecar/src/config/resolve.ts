import type { Written } from "./kinds.ts";
import { fileKeyOf, flagOf, variableOf } from "./names.ts";
import { type Problem, shownValue } from "./problem.ts";
import { type Key, KEYS, settingOf, type Settings } from "./settings.ts";
import type { ValueSource } from "./source.ts";

/** What one source says about one setting. */
export interface Given {
  readonly written: Written;
  readonly source: ValueSource;
  /** Where its relative paths begin. */
  readonly folder: string;
}

/** What one source says about all of them. */
export type Layer = ReadonlyMap<Key, Given>;

export interface Resolved {
  readonly settings: Settings;
  readonly sources: Readonly<Record<Key, ValueSource>>;
  readonly problems: readonly Problem[];
}

/** Gives each setting the value of the first layer that has one, else its default. */
export function resolveSettings(layers: readonly Layer[]): Resolved {
  const settings: [Key, Settings[Key]][] = [];
  const sources: [Key, ValueSource][] = [];
  const problems: Problem[] = [];
  for (const key of KEYS) {
    const { kind, default: unset, isSecret = false, mayHoldSecrets = false } = settingOf(key);
    const given = layers.map((layer) => layer.get(key)).find((found) => found !== undefined);
    const parsed = given ? kind.parse(given.written, given.folder) : { value: unset };
    const source = given?.source ?? { from: "default" };
    settings.push([key, "value" in parsed ? parsed.value : unset]);
    sources.push([key, source]);
    if (given && "wrong" in parsed) {
      const shown = mayHoldSecrets ? {} : { value: shownValue(given.written, isSecret) };
      problems.push({ key: fileKeyOf(key), ...shown, source, why: parsed.wrong });
    }
  }
  return {
    settings: Object.fromEntries(settings) as Settings,
    sources: Object.fromEntries(sources) as Record<Key, ValueSource>,
    problems,
  };
}

/**
 * The command line's layer. The last of several flags wins, unless the setting holds many.
 * @param flags what was written after each flag, by the setting's key in files
 */
export function flagLayer(
  flags: Readonly<Record<string, readonly string[] | undefined>>,
  folder: string,
): Layer {
  const layer = new Map<Key, Given>();
  for (const key of KEYS) {
    const [flag, written] = [flagOf(key), flags[fileKeyOf(key)]];
    if (flag === undefined || written === undefined) continue;
    const kept = settingOf(key).kind.holdsMany ? written : written.slice(-1);
    layer.set(key, { written: kept, source: { from: "flag", flag }, folder });
  }
  return layer;
}

/** The environment's layer; a variable that is set to nothing is not set. */
export function environmentLayer(
  environment: Readonly<Record<string, string | undefined>>,
  folder: string,
): Layer {
  const layer = new Map<Key, Given>();
  for (const key of KEYS) {
    const variable = variableOf(key);
    const text = environment[variable];
    if (text === undefined || text === "") continue;
    layer.set(key, { written: [text], source: { from: "environment", variable }, folder });
  }
  return layer;
}
