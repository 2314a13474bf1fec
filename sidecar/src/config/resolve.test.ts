import { describe, expect, test } from "vitest";
import { fileLayer } from "./file.ts";
import { fileKeyOf, flagOf, variableOf } from "./names.ts";
import { environmentLayer, flagLayer, type Resolved, resolveSettings } from "./resolve.ts";
import { DEFAULT_SETTINGS, type Key, KEYS } from "./settings.ts";

interface Told {
  readonly flags?: Record<string, string[]>;
  readonly environment?: Record<string, string>;
  readonly file?: string;
}

function resolved({ flags = {}, environment = {}, file = "" }: Told): Resolved {
  const { layer, problems } = fileLayer(file, "/etc/banterwire/config.yaml");
  expect(problems).toEqual([]);
  const here = "/home/ada";
  return resolveSettings([flagLayer(flags, here), environmentLayer(environment, here), layer]);
}

/** What each setting may be told, and the value that it has then. */
const EXAMPLES: { readonly [K in Key]: readonly [string, unknown] } = {
  host: ["::1", "::1"],
  port: ["9000", 9_000],
  socket: ["/run/b.sock", "/run/b.sock"],
  token: ["s3cret", "s3cret"],
  tokenFile: ["/run/token", "/run/token"],
  origins: [
    "https://a.example, https://B.example:8443/",
    ["https://a.example", "https://b.example:8443"],
  ],
  ollama: ["localhost, 10.0.0.7:80", ["http://127.0.0.1:11434", "http://10.0.0.7:80"]],
  endpoints: [
    '[{"url": "localhost", "model": "gemma3:1b", "slots": 2}]',
    [
      {
        url: "http://127.0.0.1:11434",
        model: "gemma3:1b",
        slots: 2,
        serves: ["reply", "nearby", "ambient"],
        characters: [],
      },
    ],
  ],
  ollamaAuthorization: ["Bearer abc", "Bearer abc"],
  ollamaHost: ["10.0.0.7:80", "http://10.0.0.7:80"],
  model: ["gemma3:1b", "gemma3:1b"],
  slots: ["4", 4],
  ttftBudgetMs: ["250", 250],
  cards: ["/srv/cards", "/srv/cards"],
  maxConnections: ["1", 1],
  maxRooms: ["1", 1],
  maxCharactersPerRoom: ["2", 2],
  maxRegisteredMib: ["6", 6],
  maxRegisteredMibInAll: ["7", 7],
  maxLinesPerRoom: ["3", 3],
  maxLines: ["4", 4],
  maxCuesPerSecondPerRoom: ["5", 5],
  maxCuesPerSecondPerGame: ["6", 6],
  resumeWindowMs: ["7", 7],
  maxDetachedSessions: ["8", 8],
  logLevel: ["warn", "warn"],
  logText: ["hidden", "hidden"],
};

describe("a value", () => {
  test("is the default where nobody says anything", () => {
    const { settings, sources, problems } = resolved({});
    expect(problems).toEqual([]);
    expect(settings).toEqual(DEFAULT_SETTINGS);
    expect(new Set(Object.values(sources).map(({ from }) => from))).toEqual(new Set(["default"]));
  });

  test.each(KEYS)("of %s comes from the environment", (key) => {
    const [written, value] = EXAMPLES[key];
    const { settings, sources, problems } = resolved({
      environment: { [variableOf(key)]: written },
    });
    expect(problems).toEqual([]);
    expect(settings[key]).toEqual(value);
    expect(sources[key]).toEqual({ from: "environment", variable: variableOf(key) });
  });

  test.each(KEYS)("of %s comes from the file", (key) => {
    const [written, value] = EXAMPLES[key];
    const file = `# first line\n${fileKeyOf(key)}: ${JSON.stringify(written)}\n`;
    const { settings, sources, problems } = resolved({ file });
    expect(problems).toEqual([]);
    expect(settings[key]).toEqual(value);
    expect(sources[key]).toEqual({ from: "file", file: "/etc/banterwire/config.yaml", line: 2 });
  });

  test.each(KEYS.filter((key) => flagOf(key) !== undefined))("of %s comes from its flag", (key) => {
    const [written, value] = EXAMPLES[key];
    const { settings, sources } = resolved({ flags: { [fileKeyOf(key)]: [written] } });
    expect(settings[key]).toEqual(value);
    expect(sources[key]).toEqual({ from: "flag", flag: flagOf(key) });
  });

  test("of a flag wins over the environment, that over the file, that over the default", () => {
    const flags = { slots: ["4"] };
    const environment = { BANTERWIRE_SLOTS: "3", BANTERWIRE_MODEL: "b" };
    const file = "slots: 2\nmodel: a\nport: 1\n";
    const { settings } = resolved({ flags, environment, file });
    expect([settings.slots, settings.model, settings.port]).toEqual([4, "b", 1]);
    expect(settings.ttftBudgetMs).toBe(200);
  });

  test("that is empty in the environment is not told", () => {
    const { settings, sources } = resolved({
      environment: { BANTERWIRE_SLOTS: "" },
      file: "slots: 2",
    });
    expect(settings.slots).toBe(2);
    expect(sources.slots.from).toBe("file");
  });

  test("of the last of several flags wins", () => {
    expect(resolved({ flags: { slots: ["2", "3"] } }).settings.slots).toBe(3);
  });

  test("that holds many is told by several flags, by commas, or by a list", () => {
    const both = ["http://a.example", "http://b.example"];
    const told: Told[] = [
      { flags: { origins: both } },
      { environment: { BANTERWIRE_ORIGINS: both.join(",") } },
      { file: `origins:\n  - ${both.join("\n  - ")}\n` },
    ];
    for (const one of told) expect(resolved(one).settings.origins).toEqual(both);
  });

  test("that is a relative path begins where it was written", () => {
    expect(resolved({ flags: { cards: ["c"] } }).settings.cards).toBe("/home/ada/c");
    expect(resolved({ environment: { BANTERWIRE_CARDS: "../c" } }).settings.cards).toBe("/home/c");
    expect(resolved({ file: "cards: c" }).settings.cards).toBe("/etc/banterwire/c");
  });
});

describe("a wrong value", () => {
  test.each<[string, Key, string]>([
    ["a port beyond the last", "port", "65536"],
    ["a port below the first", "port", "-1"],
    ["a number with a fraction", "slots", "1.5"],
    ["a number in words", "slots", "four"],
    ["a number in another notation", "slots", "0x4"],
    ["no slot", "slots", "0"],
    ["a budget of nothing", "ttftBudgetMs", "0"],
    ["a level that is none", "logLevel", "loud"],
    ["an address that is none", "ollama", "http://"],
    ["an address with a path to guess at", "ollama", "not an address"],
    ["a model of two words", "model", "gemma 3"],
    ["an origin with a path", "origins", "https://game.example/play"],
    ["the origin of files", "origins", "null"],
    ["every origin", "origins", "*"],
    ["a path too long for a socket", "socket", `/${"x".repeat(103)}`],
    ["a host with a line break", "host", "a\nb"],
  ])("%s is refused", (_what, key, written) => {
    const { problems, settings } = resolved({ environment: { [variableOf(key)]: written } });
    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatchObject({ key: fileKeyOf(key), source: { from: "environment" } });
    expect(settings[key]).toEqual(DEFAULT_SETTINGS[key]);
  });

  test("is told with its key, its value, its source and what is allowed", () => {
    const { problems } = resolved({ flags: { budgetMs: ["fast"] } });
    expect(problems).toEqual([
      {
        key: "budgetMs",
        value: "fast",
        source: { from: "flag", flag: "--budget-ms" },
        why: "a whole number from 1 to 60000 is due",
      },
    ]);
  });

  test("of a secret is masked", () => {
    const { problems } = resolved({ environment: { BANTERWIRE_TOKEN: "two words" } });
    expect(JSON.stringify(problems)).not.toContain("words");
    expect(problems[0]?.value).toBe("********");
  });

  test("that is an address is told without its password", () => {
    for (const written of [
      "https://ada:sesame@a.example",
      "ada:ses/ame@a.example",
      "ada:sesame@b",
      "sesame@b",
      "http://ada:pa,sesame@b",
    ]) {
      const { problems } = resolved({ flags: { ollama: ["http://a", written] } });
      expect(problems).toMatchObject([{ key: "ollama", value: expect.stringContaining("****@") }]);
      expect(JSON.stringify(problems)).not.toMatch(/ses\/?ame/u);
    }
  });

  test("hides no other", () => {
    const environment = { BANTERWIRE_PORT: "x", BANTERWIRE_SLOTS: "y" };
    const { problems } = resolved({ environment, flags: { model: [""] } });
    expect(problems.map(({ key }) => key)).toEqual(["port", "model", "slots"]);
  });

  test("is no error where a stronger source has another", () => {
    const environment = { BANTERWIRE_PORT: "tcp://10.0.0.1:7433" };
    const { problems, settings } = resolved({ environment, flags: { port: ["7433"] } });
    expect(problems).toEqual([]);
    expect(settings.port).toBe(7_433);
  });

  test.each<[string, string, RegExp]>([
    ["no address", "{url: 'not an address'}", /1\. endpoint, 'url': an address/u],
    ["too many slots", "{url: 'http://a', slots: 5000}", /'slots'/u],
    ["no slots", "{url: 'http://a', slots: 0}", /'slots': a whole number from 1 to 4096 is due/u],
    ["no URL", "{model: a}", /1\. endpoint, 'url': an address/u],
    ["a priority that there is not", "{url: a, serves: [bark]}", /'serves': .* reply, nearby/u],
    ["a priority in place of a list", "{url: a, serves: reply}", /'serves': a list with some of/u],
    ["a key that there is not", "{url: a, slot: 1}", /no key 'slot'; the nearest is 'slots'/u],
    ["a key like no other", "{url: a, colour: 1}", /'colour'; there are url, model, .*caFile$/u],
    ["a header", "{url: a, authorization: x}", /into a file, .* with 'authorizationFile'/u],
    ["certificates", "{url: a, ca: x}", /into a file, and name that with 'caFile'/u],
    ["nothing", "null", /1\. endpoint: a map with `url` is due/u],
    ["all addresses of an address", "{url: 'http://[::1]:1', resolve: all}", /'resolve': it has/u],
    ["some of a name's addresses", "{url: 'http://a', resolve: some}", /'resolve': `all` is due/u],
    ["a GPU that is none", "{url: 'http://a', gpu: []}", /'gpu': a GPU's number or name/u],
    ["no map", "http://a", /1\. endpoint/u],
  ])("is an endpoint with %s", (_what, rows, why) => {
    const { problems } = resolved({ file: `endpoints: [${rows}]` });
    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatchObject({ key: "endpoints" });
    expect(problems[0]?.why).toMatch(why);
  });

  test("is no endpoint whose GPU is a number, or whose name stands for many", () => {
    const file = "endpoints: [{url: 'http://a', gpu: 0}, {url: 'http://b', resolve: all, gpu: x}]";
    const { problems, settings } = resolved({ file });
    expect(problems).toEqual([]);
    expect(settings.endpoints).toMatchObject([{ gpu: "0" }, { gpu: "x", resolve: "all" }]);
  });

  test("is two values where one is due", () => {
    expect(resolved({ file: "slots: [1, 2]" }).problems).toHaveLength(1);
  });
});
