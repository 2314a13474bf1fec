import { stringify } from "yaml";
import { fileKeyOf } from "./names.ts";
import { type Key, KEYS, settingOf, type Settings } from "./settings.ts";
import { describeSource, type ValueSource } from "./source.ts";

/**
 * The settings as a configuration file that loads to the same values, each with where it came
 * from. Secrets are left out.
 */
export function printSettings(
  settings: Settings,
  sources: Readonly<Record<Key, ValueSource>>,
): string {
  const rows = KEYS.map((key) => {
    const value = settings[key];
    const { isSecret } = settingOf(key);
    const isHidden = isSecret === true && value !== undefined;
    const isShown = value !== undefined && !isHidden;
    const start = `${isShown ? "" : "# "}${fileKeyOf(key)}:${isShown ? ` ${inYaml(value)}` : ""}`;
    return { start, comment: `${describeSource(sources[key])}${isHidden ? "; a secret" : ""}` };
  });
  const width = Math.max(...rows.map(({ start }) => Math.min(start.length, MAX_PADDED)));
  return rows.map(({ start, comment }) => `${start.padEnd(width)}  # ${comment}\n`).join("");
}

/** Longer rows do not push the comments of the others to the right. */
const MAX_PADDED = 48;

function inYaml(value: NonNullable<Settings[Key]>): string {
  if (typeof value === "object") return JSON.stringify(value);
  // Text with more than plain ASCII is quoted, whether YAML would trim and fold it or not.
  const isPlain = typeof value === "number" || /^[\x21-\x7e]*$/u.test(value);
  return isPlain ? stringify(value, { lineWidth: 0 }).trimEnd() : JSON.stringify(value);
}
