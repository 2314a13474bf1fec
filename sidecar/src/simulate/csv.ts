/** A row of a CSV file by its column names. */
export type CsvRow = Readonly<Record<string, string | undefined>>;

/**
 * Reads CSV with a header (RFC 4180): quoted cells may hold commas, line breaks and doubled quotes.
 * Blank lines are passed over.
 */
export function parseCsv(text: string): readonly CsvRow[] {
  const [header, ...rows] = rowsOf(text.replace(/^\ufeff/u, ""));
  if (!header) return [];
  const names = header.map((name) => name.trim());
  return rows.map((cells) => Object.fromEntries(names.map((name, index) => [name, cells[index]])));
}

const CELL = /(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r?\n|$)/gu;

function rowsOf(text: string): string[][] {
  const rows: string[][] = [];
  let row: string[] = [];
  for (const [whole, quoted, plain = "", end] of text.matchAll(CELL)) {
    if (whole === "" && row.length === 0) break;
    row.push(quoted?.replaceAll('""', '"') ?? plain);
    if (end === ",") continue;
    if (row.length > 1 || row[0] !== "") rows.push(row);
    row = [];
  }
  return rows;
}
