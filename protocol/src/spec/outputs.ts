import { readFileSync } from "node:fs";
import { fillRegions } from "./page.ts";
import { generatedRegions } from "./tables.ts";
import { traceFiles } from "./traces.ts";
import { vectorFiles } from "./vectors.ts";

export const SPEC = new URL("../../SPEC.md", import.meta.url);
const VECTORS = new URL("../../vectors/", import.meta.url);

export interface Output {
  readonly url: URL;
  readonly text: string;
}

/** Everything that is made from the code: SPEC.md with its tables, and the vectors. */
export function outputs(): readonly Output[] {
  const files = Object.entries({ ...vectorFiles(), ...traceFiles() });
  return [
    { url: SPEC, text: fillRegions(readFileSync(SPEC, "utf8"), generatedRegions()) },
    ...files.map(([name, entries]) => ({ url: new URL(name, VECTORS), text: jsonLines(entries) })),
  ];
}

/** A JSON array with one entry to a line, so that a change shows as the entries it touches. */
function jsonLines(entries: readonly unknown[]): string {
  return `[\n${entries.map((entry) => `  ${JSON.stringify(entry)}`).join(",\n")}\n]\n`;
}
