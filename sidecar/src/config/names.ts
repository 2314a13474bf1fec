import { nearest } from "./nearest.ts";
import { type Key, KEYS, settingOf } from "./settings.ts";

/** `budget-ms`: what flags, variables and keys of files are made of. */
function nameOf(key: Key): string {
  return settingOf(key).name ?? key.replace(/[A-Z]/gu, (letter) => `-${letter.toLowerCase()}`);
}

/** `--budget-ms`; undefined for secrets, which have no flag. */
export function flagOf(key: Key): string | undefined {
  return settingOf(key).isSecret ? undefined : `--${nameOf(key)}`;
}

/** `BANTERWIRE_BUDGET_MS`. */
export function variableOf(key: Key): string {
  const name = nameOf(key).toUpperCase().replaceAll("-", "_");
  return settingOf(key).variable ?? `BANTERWIRE_${name}`;
}

/** `budgetMs`: the setting's name in files, errors and the reference. */
export function fileKeyOf(key: Key): string {
  return nameOf(key).replace(/-[a-z]/gu, (pair) => pair.charAt(1).toUpperCase());
}

export function keyOfFileKey(fileKey: string): Key | undefined {
  return KEYS.find((key) => fileKeyOf(key) === fileKey);
}

/** The known key of files that was most likely meant, if one is near. */
export function nearestFileKey(written: string): string | undefined {
  return nearest(
    written,
    KEYS.map((key) => fileKeyOf(key)),
  );
}
