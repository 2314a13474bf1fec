import { describe, expect, test } from "vitest";
import { fileLayer } from "./file.ts";

const FILE = "/etc/banterwire/config.yaml";

function written(text: string): Record<string, readonly string[]> {
  const { layer, problems } = fileLayer(text, FILE);
  expect(problems).toEqual([]);
  return Object.fromEntries(Array.from(layer, ([key, given]) => [key, given.written]));
}

function whys(text: string): [string, number, string][] {
  return fileLayer(text, FILE).problems.map(({ key, source, why }) => {
    if (source.from !== "file") throw new Error("a problem of no file");
    expect(source.file).toBe(FILE);
    return [key, source.line, why];
  });
}

describe("a configuration file", () => {
  test("may be empty, or hold only comments", () => {
    expect(written("")).toEqual({});
    expect(written("# nothing yet\n")).toEqual({});
  });

  test("is YAML, or JSON indented by whatever one likes", () => {
    const told = { port: ["9000"], origins: ["a", "b"] };
    expect(written("port: 9000\norigins: [a, b]\n")).toEqual(told);
    expect(written('{\n\t"port": 9000,\n\t"origins": ["a", "b"]\n}\n')).toEqual(told);
  });

  test("is taken as it was written, whatever YAML would make of it", () => {
    expect(written("model: 0123\nhost: yes\ntoken: 1e3\n")).toEqual({
      model: ["0123"],
      host: ["yes"],
      token: ["1e3"],
    });
  });

  test("may leave a value out, name it twice, and quote it", () => {
    expect(written("model:\nport: ~\nslots: &n 4\nmaxRooms: *n\nhost: 'a'\n")).toEqual({
      slots: ["4"],
      maxRooms: ["4"],
      host: ["a"],
    });
  });

  test("with an unknown key is told the nearest known one, and the line", () => {
    expect(whys("slots: 1\n\nbudgetms: 5\nnonsense: 1\n")).toEqual([
      ["budgetms", 3, "no setting has this name; the nearest is 'budgetMs'"],
      ["nonsense", 4, "no setting has this name"],
    ]);
  });

  test("with a map in place of a value is told what is allowed", () => {
    expect(whys("slots:\n  many: 4\n")).toEqual([
      ["slots", 1, "a whole number from 1 to 4096 is due"],
    ]);
  });

  test.each([
    ["a list", "- 1\n- 2\n", 1],
    ["a word", "hello\n", 1],
    ["cut off", '{"port": 1,\n', 2],
    ["two documents", "port: 1\n---\nport: 2\n", 2],
    ["a key twice", "port: 1\nport: 2\n", 2],
    ["an alias of nothing", "port: *x\n", 1],
  ])("that is %s is refused with a line", (_what, text, line) => {
    const found = whys(text);
    expect(found).toHaveLength(1);
    expect(found[0]?.slice(0, 2)).toEqual([expect.stringMatching(/^(config|port)$/u), line]);
  });

  test("cannot make much out of little", () => {
    const bomb = `a: &a [${"x,".repeat(100)}]\n`.concat(
      ..."bcdefgh"
        .split("")
        .map((name, at) => `${name}: &${name} [${`*${"abcdefg"[at]},`.repeat(100)}]\n`),
    );
    expect(fileLayer(bomb, FILE).problems.length).toBeGreaterThan(0);
  });
});
