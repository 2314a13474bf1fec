import { describe, expect, test } from "vitest";
import { fileKeyOf, flagOf, keyOfFileKey, nearestFileKey, variableOf } from "./names.ts";
import { KEYS } from "./settings.ts";

describe("the names of a setting", () => {
  test.each([
    ["ttftBudgetMs", "--budget-ms", "BANTERWIRE_BUDGET_MS", "budgetMs"],
    ["tokenFile", "--token-file", "BANTERWIRE_TOKEN_FILE", "tokenFile"],
    ["ollama", "--ollama", "BANTERWIRE_OLLAMA", "ollama"],
    ["ollamaHost", "--ollama-host", "OLLAMA_HOST", "ollamaHost"],
    [
      "maxCuesPerSecondPerGame",
      "--max-cues-per-second-per-game",
      "BANTERWIRE_MAX_CUES_PER_SECOND_PER_GAME",
      "maxCuesPerSecondPerGame",
    ],
  ] as const)("of %s are %s, %s and %s", (key, flag, variable, fileKey) => {
    expect([flagOf(key), variableOf(key), fileKeyOf(key)]).toEqual([flag, variable, fileKey]);
  });

  test("are no two settings' own", () => {
    const flags = KEYS.map(flagOf).filter((flag) => flag !== undefined);
    for (const names of [flags, KEYS.map(variableOf), KEYS.map(fileKeyOf)]) {
      expect(new Set(names).size).toBe(names.length);
    }
  });

  test("lead back to it", () => {
    expect(KEYS.map((key) => keyOfFileKey(fileKeyOf(key)))).toEqual(KEYS);
  });

  test("have no flag where the setting is a secret, because every user sees flags", () => {
    expect(flagOf("token")).toBeUndefined();
  });
});

describe("a misspelt key", () => {
  test.each([
    ["prot", "port"],
    ["budget-ms", "budgetMs"],
    ["BUDGET_MS", "budgetMs"],
    ["ttftBudgetMs", "budgetMs"],
    ["slot", "slots"],
    ["maxRoom", "maxRooms"],
  ])("%s is nearest to %s", (written, meant) => {
    expect(nearestFileKey(written)).toBe(meant);
  });

  test.each(["", "something else entirely", "x".repeat(100_000)])("may be near to none", (text) => {
    expect(nearestFileKey(text)).toBeUndefined();
  });
});
