import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { runSimulation } from "./run-simulation.ts";
import type { SimulateFlags } from "./simulate.ts";

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "banterwire-"));
});

afterEach(() => rmSync(folder, { recursive: true }));

async function run(flags: SimulateFlags): Promise<string> {
  let said = "";
  await runSimulation({ minutes: "1", ...flags }, folder, (text) => (said += text));
  return said;
}

function read(name: string): string {
  return readFileSync(join(folder, name), "utf8");
}

describe("banterwire simulate", () => {
  test("prints both hit rates side by side, and how cues ended by priority", async () => {
    const said = await run({ players: "80" });
    expect(said).toMatch(
      /^80 players, 10 rooms, .*, 1 slot, a budget of 200 ms, 1 minutes, seed 1$/mu,
    );
    expect(said).toMatch(/model +any-line +goodput +shed/u);
    for (const priority of ["reply", "nearby", "ambient"]) expect(said).toContain(priority);
  });

  test("runs a grid of two sweeps, one row each", async () => {
    const said = await run({ sweep: ["slots=1,4", "players=10,20,40"] });
    const rows = [...said.matchAll(/^ +(\d+) +(\d+) .*%/gmu)].map(([, a, b]) => `${a}/${b}`);
    expect(rows).toEqual(["1/10", "1/20", "1/40", "4/10", "4/20", "4/40"]);
  });

  test("writes the same bytes again for the same scenario: table, JSON and plot", async () => {
    const flags = { sweep: ["slots=1,2"], json: "a.json", plot: "a.svg" };
    const first = [await run(flags), read("a.json"), read("a.svg")];
    expect([await run(flags), read("a.json"), read("a.svg")]).toEqual(first);
    expect(first[2]).toMatch(/^<svg .*<\/svg>$/su);
    const { scenario, runs } = JSON.parse(read("a.json")) as {
      scenario: { players: number };
      runs: { set: object; figures: { modelHitRate: number; anyHitRate: number } }[];
    };
    expect(scenario.players).toBe(40);
    expect(runs.map(({ set }) => set)).toEqual([{ slots: 1 }, { slots: 2 }]);
  });

  test("tells of several endpoints, each and in total, and how cues got to them", async () => {
    const said = await run({ players: "200", endpoints: "2", slots: "2", plot: "a.svg" });
    expect(said).toMatch(/^200 players, .*, 2 endpoints, 2 slots each, /mu);
    expect(said).toMatch(/elsewhere +asked twice +extra/u);
    const [first, second, total] = ["ollama", "ollama-2", "in total"].map((name) => {
      const row = new RegExp(`^ *${name}  (.*)$`, "mu").exec(said)?.[1] ?? "";
      return row.trim().split(/ +/u).map(Number.parseFloat);
    });
    // Slots, cues at home, times asked, lines in time.
    for (const column of [0, 1, 4, 5]) {
      expect((first?.[column] ?? NaN) + (second?.[column] ?? NaN)).toBe(total?.[column]);
    }
    expect(read("a.svg")).toContain("by ollama-2");
  });

  test("says what so many endpoints of so many slots are worth", async () => {
    const said = await run({ players: "100", sweep: ["endpoints=1,2", "slots=1,2"] });
    const rows = [...said.matchAll(/^ +(\d) +(\d) +[\d.]+ +([\d.]+)%/gmu)];
    expect(rows.map(([, a, b]) => `${a}/${b}`)).toEqual(["1/1", "1/2", "2/1", "2/2"]);
    const [least = 0, slots = 0, endpoints = 0, both = 0] = rows.map(([, , , rate]) =>
      Number(rate),
    );
    expect(Math.min(slots, endpoints)).toBeGreaterThan(least);
    expect(both).toBeGreaterThan(Math.max(slots, endpoints));
  });

  test("draws a plot over time where nothing is swept", async () => {
    await run({ plot: "a.svg" });
    expect(read("a.svg")).toContain("seconds");
  });

  test("takes a scenario's file and its measured calls", async () => {
    writeFileSync(join(folder, "calls.csv"), "ttft_ms,eval_ms\n90,10\n");
    writeFileSync(
      join(folder, "game.yaml"),
      "players: 4\nroundTripMs: 0\nendpoints:\n  - calls: calls.csv\n",
    );
    await run({ scenario: "game.yaml", json: "a.json" });
    const report = JSON.parse(read("a.json")) as {
      runs: [{ figures: { modelTtftMs: { p50: number } } }];
    };
    expect(report.runs[0].figures.modelTtftMs.p50).toBeCloseTo(90);
  });
});

describe("what is wrong", () => {
  test.each<[string, SimulateFlags, RegExp]>([
    ["a flag", { players: "many" }, /players is 'many' \(flag --players\): a whole number from 0/u],
    [
      "too many endpoints",
      { endpoints: "17" },
      /endpoints is '17' \(flag --endpoints\): .*1 to 16/u,
    ],
    ["no number of endpoints", { endpoints: "x" }, /endpoints is 'x' \(flag --endpoints\)/u],
    ["no endpoint", { sweep: ["endpoints=2,0"] }, /endpoints is '0' \(flag --sweep\)/u],
    ["a sweep of nothing known", { sweep: ["luck=1"] }, /sweep is 'luck=1'.*one of players/u],
    ["a sweep without values", { sweep: ["slots="] }, /values are due, such as slots=1,2,4/u],
    [
      "a value of a sweep",
      { sweep: ["slots=0"] },
      /slots is '0' \(flag --sweep\): a whole number/u,
    ],
    ["three sweeps", { sweep: ["slots=1", "rooms=1", "seed=1"] }, /2 at most/u],
    ["a scenario that is not there", { scenario: "no.yaml" }, /no\.yaml.*it does not exist/u],
    ["calls that are not there", { calls: "no.csv" }, /no\.csv.*--calls.*it does not exist/u],
  ])("is told: %s", async (_, flags, message) => {
    await expect(run(flags)).rejects.toMatchObject({
      code: "bad_scenario",
      exitCode: 2,
      message: expect.stringMatching(message),
    });
  });

  test("is told: calls without a column", async () => {
    writeFileSync(join(folder, "calls.csv"), "ttft_ms\n90\n");
    await expect(run({ calls: "calls.csv" })).rejects.toThrow(/lacks a column.*eval_ms/u);
  });

  test("is told: a report in a folder that is not there", async () => {
    await expect(run({ json: "no/a.json" })).rejects.toMatchObject({ code: "cannot_write" });
  });
});
