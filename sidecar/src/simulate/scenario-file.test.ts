import { describe, expect, test } from "vitest";
import { readScenario, type Override } from "./scenario-file.ts";

function told(text: string, overrides: readonly Override[] = []) {
  const read = readScenario({ text, file: "/games/raid.yaml" }, overrides);
  if ("scenario" in read) throw new Error("nothing is wrong");
  return read.problems.map(({ key, value, source, why }) => ({ key, value, source, why }));
}

const line = (at: number) => ({ from: "file", file: "/games/raid.yaml", line: at });
const slots = (value: unknown): Override => ({
  path: ["endpoints", "*", "slots"],
  value,
  flag: "--slots",
});

const count = (value: number): Override => ({
  path: ["endpoints", "length"],
  value,
  flag: "--endpoints",
});

describe("readScenario", () => {
  test("has a default for everything", () => {
    const read = readScenario(undefined, []);
    expect(read).toMatchObject({
      scenario: { players: 40, budgetMs: 200, endpoints: [{ slots: 1 }] },
    });
  });

  test("a flag wins over the file, that over the defaults", () => {
    const text = "players: 7\nendpoints:\n  - slots: 2\n    memoryTokens: 0\n";
    const read = readScenario({ text, file: "/games/raid.yaml" }, [slots(8)]);
    expect(read).toMatchObject({
      scenario: { players: 7, rooms: 10, endpoints: [{ slots: 8, memoryTokens: 0 }] },
    });
  });

  test("a file's relative paths begin at its folder", () => {
    const text = "endpoints: [{ calls: calls.csv }]";
    expect(readScenario({ text, file: "/games/raid.yaml" }, [])).toMatchObject({
      scenario: { endpoints: [{ calls: "/games/calls.csv" }] },
    });
  });

  test("tells all that is wrong, each with its line and what is due", () => {
    const text = [
      "players: many",
      "budgetMs: 0",
      "endpoints:",
      "  - slots: 0",
      "    failures:",
      "      - { kind: wedge, fromSeconds: 9, toSeconds: 3 }",
      "slotz: 3",
    ].join("\n");
    expect(told(text)).toEqual([
      { key: "players", value: "many", source: line(1), why: expect.stringMatching(/^a whole/u) },
      {
        key: "budgetMs",
        value: "0",
        source: line(2),
        why: "a whole number from 1 to 60000 is due",
      },
      { key: "endpoints[0].slots", value: "0", source: line(4), why: expect.any(String) },
      {
        key: "endpoints[0].failures[0]",
        value: undefined,
        source: line(6),
        why: expect.stringMatching(/toSeconds above fromSeconds/u),
      },
      {
        key: "slotz",
        value: undefined,
        source: line(7),
        why: expect.stringMatching(/no such key/u),
      },
    ]);
  });

  test("names the flag that said it", () => {
    expect(told("", [slots("four")])).toEqual([
      {
        key: "endpoints[0].slots",
        value: "four",
        source: { from: "flag", flag: "--slots" },
        why: "a whole number from 1 to 4096 is due",
      },
    ]);
  });

  test("a flag speaks of each endpoint, and of how many there are: more are like the last one, failures apart", () => {
    const text = [
      "endpoints:",
      "  - { slots: 1, memoryTokens: 7 }",
      "  - { slots: 3, memoryTokens: 9, failures: [{ kind: down, fromSeconds: 1, toSeconds: 2 }] }",
    ].join("\n");
    const read = (...overrides: readonly Override[]) =>
      readScenario({ text, file: "/games/raid.yaml" }, overrides);
    expect(read(slots(8))).toMatchObject({ scenario: { endpoints: [{ slots: 8 }, { slots: 8 }] } });
    expect(read(count(1))).toMatchObject({ scenario: { endpoints: [{ slots: 1 }] } });
    const down = [expect.objectContaining({ kind: "down" })];
    expect(read(count(4))).toMatchObject({
      scenario: {
        endpoints: [
          { slots: 1, memoryTokens: 7, failures: [] },
          { slots: 3, memoryTokens: 9, failures: down },
          { slots: 3, memoryTokens: 9, failures: [] },
          { slots: 3, memoryTokens: 9, failures: [] },
        ],
      },
    });
    expect(readScenario(undefined, [count(2), slots(4)])).toMatchObject({
      scenario: { endpoints: [{ slots: 4 }, { slots: 4 }] },
    });
  });

  test("no endpoint, more than a sidecar takes, and one that is for nobody are refused", () => {
    const due = expect.stringMatching(/^1 to 16 endpoints are due$/u);
    expect(told("endpoints: []")).toMatchObject([{ key: "endpoints", why: due }]);
    expect(told(`endpoints: [${"{},".repeat(17)}]`)).toMatchObject([
      { key: "endpoints", why: due },
    ]);
    expect(told("endpoints: [{ serves: [bark] }, { serves: [] }]")).toMatchObject([
      {
        key: "endpoints[0].serves[0]",
        value: "bark",
        why: expect.stringMatching(/^one of reply/u),
      },
      { key: "endpoints[1].serves", why: expect.stringMatching(/^one or more of reply/u) },
    ]);
    expect(told("charactersPerRoom: 2\nendpoints: [{ characters: [1, 2] }]")).toMatchObject([
      { key: "endpoints[0].characters[1]", value: "2", why: expect.stringMatching(/less than/u) },
    ]);
    expect(
      told(
        "endpoints: [{ failures: [{ kind: flap, fromSeconds: 1, toSeconds: 9, upSeconds: 0 }] }]",
      ),
    ).toMatchObject([{ key: "endpoints[0].failures[0].upSeconds", value: "0" }]);
  });

  test("a raid of more rooms than there are is refused", () => {
    const [problem] = told("rooms: 10\nraids: [{ atSeconds: 1, rooms: 200 }]");
    expect(problem).toMatchObject({ key: "raids[0].rooms", value: "200" });
  });

  test("a game of more cues than can be played is refused before it is begun", () => {
    const [problem] = told("players: 1000000\nminutes: 1440");
    expect(problem).toMatchObject({ key: "scenario", why: expect.stringMatching(/4320\d+ cues/u) });
  });

  test("no YAML is told with its line", () => {
    expect(told("players: 1\nrooms: [")).toEqual([
      expect.objectContaining({ key: "scenario", source: line(2) }),
    ]);
  });
});
