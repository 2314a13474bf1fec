import * as fc from "fast-check";
import { expect, test } from "vitest";
import { fileLayer } from "./file.ts";
import { fileKeyOf } from "./names.ts";
import { printSettings } from "./print.ts";
import { type Given, type Layer, type Resolved, resolveSettings } from "./resolve.ts";
import { type Key, KEYS, SETTINGS } from "./settings.ts";

const number = (max: number): fc.Arbitrary<string[]> => fc.nat(max).map((n) => [String(n)]);
const anyText = fc.string({ unit: "grapheme", minLength: 1, maxLength: 40 }).map((text) => [text]);
const path = anyText.map(([text = ""]) => [`/tmp/${text}`]);
const port = fc.integer({ min: 1, max: 65_535 });
const host = fc.domain().map((name) => [name]);

/** What may be written for each setting; some of it is wrong, and then not looked at. */
const WRITTEN: { readonly [K in Key]: fc.Arbitrary<string[]> } = {
  host: fc.oneof(host, anyText),
  port: number(70_000),
  socket: path,
  token: anyText,
  tokenFile: path,
  origins: fc.array(
    fc.tuple(fc.domain(), port).map(([name, at]) => `https://${name}:${at}`),
    {
      maxLength: 4,
    },
  ),
  ollama: fc.array(
    fc.tuple(fc.domain(), port).map(([name, at]) => `http://${name}:${at}`),
    { minLength: 1, maxLength: 3 },
  ),
  endpoints: fc
    .uniqueArray(
      fc.record(
        {
          url: fc.tuple(fc.domain(), port).map(([name, at]) => `http://${name}:${at}`),
          model: fc.constantFrom("gemma3:1b", "x:y"),
          slots: fc.integer({ min: 1, max: 9 }),
          serves: fc.subarray(["reply", "nearby", "ambient"], { minLength: 1 }),
          characters: fc.array(fc.string({ minLength: 1, maxLength: 9 }), { maxLength: 3 }),
          authorizationFile: fc.constant("/run/secret"),
          gpu: fc.oneof(fc.nat(9), fc.constant("b")),
        },
        { requiredKeys: ["url"] },
      ),
      { minLength: 1, maxLength: 3, selector: ({ url }) => url },
    )
    .map((rows) => rows.map((row) => JSON.stringify(row))),
  ollamaAuthorization: anyText,
  ollamaHost: fc.oneof(host, anyText),
  model: fc.oneof(
    anyText,
    fc.constantFrom("007", "null", "true", "~", "#x", "a: b", "1e3").map((text) => [text]),
  ),
  slots: number(70),
  ttftBudgetMs: number(70_000),
  cards: path,
  maxConnections: number(70_000),
  maxRooms: number(70_000),
  maxCharactersPerRoom: number(5_000),
  maxRegisteredMib: number(70_000),
  maxRegisteredMibInAll: number(70_000),
  maxLinesPerRoom: number(2_000),
  maxLines: number(70_000),
  maxCuesPerSecondPerRoom: number(20_000),
  maxCuesPerSecondPerGame: number(200_000),
  resumeWindowMs: number(70_000),
  maxDetachedSessions: number(5_000),
  logLevel: fc.constantFrom("debug", "info", "warn", "error", "silent").map((level) => [level]),
  logText: fc.constantFrom("shown", "hidden").map((choice) => [choice]),
};

function resolvedFrom(layer: Layer): Resolved {
  return resolveSettings([layer]);
}

test("what is printed is a file that loads to the same settings, secrets apart", () => {
  const told = fc.record(WRITTEN, { requiredKeys: [] });
  fc.assert(
    fc.property(told, (texts) => {
      const given = Object.entries(texts).map(([key, written]): [Key, Given] => [
        key as Key,
        { written, source: { from: "flag", flag: "--x" }, folder: "/" },
      ]);
      const { settings, sources } = resolvedFrom(new Map(given));
      const { layer, problems } = fileLayer(printSettings(settings, sources), "/x.yaml");
      expect(problems).toEqual([]);
      const again = resolvedFrom(layer);
      expect(again.problems).toEqual([]);
      expect(again.settings).toEqual({
        ...settings,
        token: undefined,
        ollamaAuthorization: undefined,
      });
    }),
    { numRuns: 1_000 },
  );
});

test("each setting is printed with where it came from", () => {
  const sources = resolvedFrom(new Map()).sources;
  const settings = { ...resolvedFrom(new Map()).settings, slots: 4 };
  const shown = printSettings(settings, {
    ...sources,
    slots: { from: "file", file: "/etc/b.yaml", line: 7 },
  });
  expect(shown).toMatch(/^slots: 4 +# file \/etc\/b\.yaml, line 7$/mu);
  expect(shown).toMatch(/^budgetMs: 200 +# default$/mu);
  expect(shown).toMatch(/^# model: +# default$/mu);
  for (const key of KEYS) expect(shown).toContain(`${fileKeyOf(key)}:`);
});

test("no secret is printed, only that there is one", () => {
  const secrets = KEYS.filter((key) => "isSecret" in SETTINGS[key]);
  expect(secrets).toEqual(["token", "ollamaAuthorization"]);
  const given = secrets.map((key): [Key, Given] => [
    key,
    { written: ["hunter2"], source: { from: "environment", variable: "X" }, folder: "/" },
  ]);
  const { settings, sources } = resolvedFrom(new Map(given));
  const shown = printSettings(settings, sources);
  expect(shown).not.toContain("hunter2");
  for (const key of secrets) {
    expect(shown).toMatch(new RegExp(`^# ${key}: +# environment X; a secret$`, "mu"));
  }
});
