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
  const wanted = plain(written);
  const [best] = KEYS.map((key) => fileKeyOf(key))
    .map((fileKey) => ({ fileKey, edits: editsBetween(wanted, plain(fileKey)) }))
    .sort((a, b) => a.edits - b.edits);
  const mayDiffer = Math.max(2, Math.floor(wanted.length / 3));
  return best && best.edits <= mayDiffer ? best.fileKey : undefined;
}

const MAX_COMPARED = 64;

function plain(name: string): string {
  return name.slice(0, MAX_COMPARED).toLowerCase().replaceAll(/[-_]/gu, "");
}

/** Levenshtein's distance. */
function editsBetween(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (const [line, letter] of Array.from(a).entries()) {
    const next = [line + 1];
    for (let column = 1; column <= b.length; column++) {
      const replaced = (row[column - 1] ?? 0) + (letter === b[column - 1] ? 0 : 1);
      next.push(Math.min(replaced, (row[column] ?? 0) + 1, (next[column - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
