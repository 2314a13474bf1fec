import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { CAPABILITIES } from "../capabilities.ts";
import { PRIORITIES, REASONS, SOURCES } from "../fields.ts";
import { SCENE_REASONS } from "../messages/scene-end.ts";
import { HISTORY, OLDEST_MINOR, PROTOCOL_MINOR, SUBPROTOCOL } from "../version.ts";
import { outputs, SPEC } from "./outputs.ts";
import { fillRegions } from "./page.ts";
import { wireHash } from "./wire-hash.ts";
import { wireType } from "./wire-type.ts";

const page = readFileSync(SPEC, "utf8");

describe("SPEC.md and the vectors", () => {
  it.each(outputs())("say what the code says (else run src/spec/write.ts): $url.href", (output) => {
    expect(readFileSync(output.url, "utf8")).toBe(output.text);
  });

  it("explain every word of an enumeration, and name every capability", () => {
    for (const word of [...SOURCES, ...REASONS, ...PRIORITIES, ...SCENE_REASONS, ...CAPABILITIES]) {
      expect(page).toMatch(new RegExp(`[\`"]${word}[\`"]`));
    }
    expect(page).toContain(`\`${SUBPROTOCOL}\``);
  });
});

describe("the generator", () => {
  it("fails on a region that is missing or unknown, rather than leave it as it was", () => {
    const region = "<!-- generated: a -->\n<!-- end -->";
    expect(fillRegions(region, { a: "words" })).toContain("\n\nwords\n\n");
    expect(() => fillRegions(region, {})).toThrow('no text for the region "a"');
    expect(() => fillRegions(region, { a: "", b: "" })).toThrow("no region for: b");
  });

  it("fails on a schema that it has no words for, or that has no bound", () => {
    expect(() => wireType(z.date())).toThrow("no words for the schema type date");
    expect(() => wireType(z.array(z.boolean()))).toThrow("an array without a bound");
  });
});

describe("the version", () => {
  const newest = HISTORY.at(-1);

  it("changes with the wire: if this fails, add a version to the history or undo the change", () => {
    expect(newest?.wireHash).toBe(wireHash());
  });

  it("is the newest of the history, which counts up from zero", () => {
    expect(newest?.minor).toBe(PROTOCOL_MINOR);
    expect(HISTORY.map(({ minor }) => minor)).toEqual([...HISTORY.keys()]);
    expect(OLDEST_MINOR).toBeLessThanOrEqual(PROTOCOL_MINOR);
  });
});
