import { readdirSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";

const IMPORT = /^(?:import|export)\b(?! type\b)[^;]*?\bfrom\s+"([^"]+)"/gm;

test("what goes into the browser imports nothing but itself, types apart", () => {
  const files = readdirSync(import.meta.dirname).filter((name) => !name.endsWith(".test.ts"));
  const sources = [...files, "../wire.ts"].map((name) =>
    readFileSync(`${import.meta.dirname}/${name}`, "utf8"),
  );
  const imported = sources.flatMap((source) =>
    [...source.matchAll(IMPORT)].map((match) => match[1]),
  );
  expect(new Set(imported)).toEqual(new Set(["../wire.ts", "./read-entries.ts"]));
});
