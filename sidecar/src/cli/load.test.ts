import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { MAX_CARD_FILE_BYTES, MAX_CARDS } from "../config/card.ts";
import { ConfigError, type Problem } from "../config/problem.ts";
import { DEFAULT_CONFIG } from "../config.ts";
import { TEST_CERTIFICATE } from "../testing/tls-proxy.ts";
import { type LoadedConfig, loadConfig } from "./load.ts";

interface Told {
  readonly config?: string;
  readonly flags?: Record<string, string[]>;
  readonly environment?: Record<string, string>;
}

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "banterwire-"));
});

afterEach(() => rmSync(folder, { recursive: true }));

function load({ config, flags: settings = {}, environment = {} }: Told): Promise<LoadedConfig> {
  const flags = config === undefined ? { settings } : { config, settings };
  return loadConfig({ flags, environment, folder });
}

async function problemsOf(told: Told): Promise<readonly Problem[]> {
  const error = await load(told).catch((caught: unknown) => caught);
  if (error instanceof ConfigError) return error.problems;
  throw new Error("nothing was wrong", { cause: error });
}

function write(name: string, text: string, mode = 0o600): string {
  const path = join(folder, name);
  writeFileSync(path, text, { mode });
  chmodSync(path, mode);
  return path;
}

function card(id: string, more: object = {}): string {
  return JSON.stringify({ id, name: id, persona: `You are ${id}.`, fallbacks: ["Hm."], ...more });
}

test("nothing told is the default configuration", async () => {
  const { config, warnings, folders } = await load({});
  expect(config).toEqual(DEFAULT_CONFIG);
  expect([warnings, folders]).toEqual([[], []]);
});

describe("the configuration file", () => {
  test("is named by a flag before the environment, and its folder is one to watch", async () => {
    write("a.yaml", "slots: 2");
    write("b.json", '{"slots": 3}');
    const environment = { BANTERWIRE_CONFIG: "b.json" };
    expect((await load({ environment })).config.slots).toBe(3);
    const both = await load({ environment, config: "a.yaml" });
    expect(both.config.slots).toBe(2);
    expect(both.folders).toEqual([folder]);
  });

  test.each([
    ["is a folder", ".", "it is no file"],
    ["is too large", "large.yaml", "it has more than 262144 bytes"],
    ["is not there", "nowhere.yaml", "it does not exist"],
  ])("that %s is refused", async (_what, config, why) => {
    write("large.yaml", "#".repeat(262_145));
    expect(await problemsOf({ config })).toMatchObject([{ key: "config", why }]);
  });
});

describe("the token", () => {
  test("is the first line of its file", async () => {
    const path = write("token", "  s3cret \nsecond line\n");
    const { config, warnings } = await load({ flags: { tokenFile: ["token"] } });
    expect(config.token).toBe("s3cret");
    expect(config).not.toHaveProperty("tokenFile");
    expect(warnings).toEqual([]);
    chmodSync(path, 0o644);
    expect((await load({ flags: { tokenFile: ["token"] } })).warnings).toEqual([
      expect.stringContaining(path),
    ]);
  });

  test.each([
    ["that is empty", ""],
    ["whose first line is empty", "\ns3cret"],
    ["with a space in it", "two words"],
    ["that is no text", "\u0000\u0001"],
  ])("in a file %s is refused, and not shown", async (_what, text) => {
    write("token", text);
    const problems = await problemsOf({ flags: { tokenFile: ["token"] } });
    expect(problems).toMatchObject([{ key: "tokenFile", source: { from: "flag" } }]);
    expect(JSON.stringify(problems)).not.toContain("words");
  });

  test("of the stronger source wins over the file of the weaker one, and the other way about", async () => {
    write("token", "from-file");
    const environment = { BANTERWIRE_TOKEN: "from-variable" };
    write("c.yaml", "tokenFile: token");
    expect((await load({ environment, config: "c.yaml" })).config.token).toBe("from-variable");
    const flags = { tokenFile: ["token"] };
    expect((await load({ environment, flags })).config.token).toBe("from-file");
  });

  test("told twice by one source is refused", async () => {
    write("token", "a");
    write("c.yaml", "tokenFile: token\ntoken: b");
    expect(await problemsOf({ config: "c.yaml" })).toMatchObject([{ key: "tokenFile" }]);
  });
});

describe("endpoints", () => {
  test("have the header and the certificates of the files that they name", async () => {
    write("header", "Bearer abc\n");
    write("ca.pem", `Ours:\n${TEST_CERTIFICATE}`);
    write("c.yaml", "endpoints: [{ url: gpu:1, authorizationFile: header, caFile: ca.pem }]");
    const { config } = await load({ config: "c.yaml" });
    expect(config.endpoints).toMatchObject([
      { url: "http://gpu:1", authorization: "Bearer abc", ca: `Ours:\n${TEST_CERTIFICATE}` },
    ]);
  });

  test("name files that are there and hold what is due, which is not shown", async () => {
    write("header", "sésame\n");
    write("none.pem", "sésame");
    write("broken.pem", `${TEST_CERTIFICATE}${TEST_CERTIFICATE.replace("MII", "AAA")}`);
    write(
      "c.yaml",
      `endpoints:
        - { url: a, authorizationFile: header }
        - { url: b, caFile: nowhere }
        - { url: c, caFile: none.pem }
        - { url: d, caFile: broken.pem }
        - { url: e, authorizationFile: Bearer sésame }`,
    );
    const problems = await problemsOf({ config: "c.yaml" });
    expect(problems.map(({ why }) => why)).toEqual([
      expect.stringMatching(/^in the 1\. endpoint, .*'authorizationFile'.*: in its first line/u),
      "in the 2. endpoint, the file that 'caFile' names: it does not exist",
      expect.stringMatching(/^in the 3\. .*: certificates in PEM are due/u),
      expect.stringMatching(/^in the 4\. .*: its 2\. certificate cannot be read/u),
      expect.stringMatching(/^in the 5\. .*'authorizationFile'.*: it does not exist/u),
    ]);
    expect(JSON.stringify(problems)).not.toContain("same");
  });

  test.each([
    "[{ url: a, authorization: Bearer sesame }]",
    "[{ url: 'https://user:sesame@gpu.example' }]",
    "[{ url: 'sesame sesame' }]",
    "[{ url: a, ca: sesame, slots: sesame, serves: sesame, characters: sesame, gpu: [sesame] }]",
    "{ url: a, authorization: sesame }",
    "Bearer sesame",
    "[Bearer sesame]",
    "[{ url: *sesame }]",
  ])("that are wrong are told without what was written: %s", async (rows) => {
    write("c.yaml", `endpoints: ${rows}`);
    const problems = await problemsOf({ config: "c.yaml" });
    expect(problems).toMatchObject([{ key: "endpoints" }]);
    expect(JSON.stringify(problems)).not.toContain("sesame");
  });
});

describe("one model of one Ollama is named once", () => {
  test.each([
    "endpoints: [{ url: b }, { url: a }, { url: 'http://a:11434/' }]",
    "endpoints: [{ url: b }, { url: a, model: x }, { url: a, model: 'x:latest' }]",
    "{ model: x, endpoints: [{ url: b }, { url: a }, { url: a, model: x }] }",
  ])("and not twice: %s", async (written) => {
    write("c.yaml", written);
    const why = expect.stringMatching(/^the 2\. and the 3\. endpoint are the same/u);
    expect(await problemsOf({ config: "c.yaml" })).toMatchObject([{ key: "endpoints", why }]);
  });

  test("nor by two flags", async () => {
    const why = expect.stringMatching(/^the 1\. and the 2\. URL are the same/u);
    const flags = { ollama: ["localhost", "127.0.0.1:11434"] };
    expect(await problemsOf({ flags })).toMatchObject([{ key: "ollama", why }]);
  });

  test("and two models of one are two", async () => {
    write("c.yaml", "endpoints: [{ url: a, model: x }, { url: a, model: y }]");
    expect((await load({ config: "c.yaml" })).config.endpoints).toHaveLength(2);
  });
});

describe("an address that others can reach", () => {
  test.each(["0.0.0.0", "::", "10.1.2.3", "game.example", "127.0.0.1.example"])(
    "such as %s is refused without a token",
    async (host) => {
      expect(await problemsOf({ flags: { host: [host] } })).toMatchObject([
        { key: "host", value: host },
      ]);
      const environment = { BANTERWIRE_TOKEN: "s3cret" };
      expect((await load({ flags: { host: [host] }, environment })).config.host).toBe(host);
    },
  );

  test.each(["127.0.0.1", "127.8.8.8", "::1", "localhost"])("is not %s", async (host) => {
    expect((await load({ flags: { host: [host] } })).config.host).toBe(host);
  });
});

describe("cards", () => {
  beforeEach(() => mkdirSync(join(folder, "cards")));

  test("are the JSON files of their folder, which is one to watch", async () => {
    write("cards/mira.json", card("mira"));
    write("cards/bram.json", card("bram", { closers: ["Hrm."] }));
    write("cards/README.md", "no card");
    write("cards/.hidden.json", "no card");
    const { config, folders } = await load({ flags: { cards: ["cards"] } });
    expect([...config.cards.keys()]).toEqual(["bram", "mira"]);
    expect(config.cards.get("mira")?.persona).toBe("You are mira.");
    expect(folders).toEqual([join(folder, "cards")]);
  });

  test("that are wrong are told by file and field, all at once", async () => {
    write("cards/a.json", card("a", { fallbacks: [] }));
    write("cards/b.json", "{");
    write("cards/c.json", card("c"));
    write("cards/d.json", card("c"));
    write("cards/e.json", " ".repeat(MAX_CARD_FILE_BYTES + 1));
    mkdirSync(join(folder, "cards", "f.json"));
    const problems = await problemsOf({ flags: { cards: ["cards"] } });
    expect(problems.map(({ why }) => why)).toEqual([
      expect.stringMatching(/^a\.json: fallbacks: /u),
      expect.stringMatching(/^b\.json: no JSON: /u),
      "d.json: id: 'c' is the id of c.json too",
      "e.json: it has more than 65536 bytes",
      "f.json: it is no file",
    ]);
  });

  test("are at most so many", async () => {
    for (let index = 0; index <= MAX_CARDS; index++) write(`cards/${index}.json`, card(`${index}`));
    const problems = await problemsOf({ flags: { cards: ["cards"] } });
    expect(problems.map(({ why }) => why)).toEqual(["at most 1024 cards are due"]);
  });

  test("in a folder that is not there are refused", async () => {
    expect(await problemsOf({ flags: { cards: ["nowhere"] } })).toMatchObject([
      { key: "cards", why: "the folder cannot be read: it does not exist" },
    ]);
  });
});
