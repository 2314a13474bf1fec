/** The name that was most likely meant, if one is near. */
export function nearest(written: string, names: readonly string[]): string | undefined {
  const wanted = plain(written);
  const [best] = names
    .map((name) => ({ name, edits: editsBetween(wanted, plain(name)) }))
    .sort((a, b) => a.edits - b.edits);
  const mayDiffer = Math.max(2, Math.floor(wanted.length / 3));
  return best && best.edits <= mayDiffer ? best.name : undefined;
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
